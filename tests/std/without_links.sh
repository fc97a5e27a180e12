#!/bin/sh
# Type check and tests with the originals from JSR in place of std/: in a copy of the project without `links`, whose
# lock is written anew. Nothing else may have to change.
set -eu
cd "$(dirname "$0")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -cf - --exclude=./.git --exclude=./.tools --exclude=./dist --exclude=./node_modules . | tar -xf - -C "$copy"
cd "$copy"
rm deno.lock
deno eval --no-config 'const config = JSON.parse(await Deno.readTextFile("deno.json"));
  delete config.links;
  await Deno.writeTextFile("deno.json", JSON.stringify(config, null, 2));'
# Writes the lock, with what only tests import as well.
deno check --frozen=false main.ts commands roles lib lab tests bench tools
deno task check
deno task test
