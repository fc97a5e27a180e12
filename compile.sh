#!/bin/sh
# Compiles the product into one file:
#   deno task compile                     dist/calico-conductor, for this machine
#   deno task compile --target TARGET     dist/calico-conductor-TARGET (repeatable)
#   deno task compile --all               all of $targets
# The permissions below are the binary's baseline: what any process of it could have at most. What each
# one has is in lib/process/roles.ts and tools.ts; see docs/binary.md.
set -eu
cd "$(dirname "$0")"

targets="x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-apple-darwin aarch64-apple-darwin"

# What goes into the binary: the programs as JavaScript, all packages in them, and what these read when they
# run. A process holds a copy of all that is embedded in its memory, so there is nothing else in it.
bundle=dist/bundle
require='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
make_bundle() {
  rm -rf "$bundle"
  mkdir -p "$bundle"
  # Names are kept: stack traces have them, and the names of errors are told.
  deno bundle --quiet --platform deno --code-splitting --minify --keep-names --outdir "$bundle/app" \
    main.ts roles/*.ts lab/main.ts lab/*_status_watcher.ts
  # What a module lacks of what CommonJS has: `require`, with which packages take what Deno brings along, and
  # `__dirname`, from which etcd3 finds its .proto files.
  for module in "$bundle"/app/*.js; do
    {
      ! grep -q 'Dynamic require of' "$module" || echo "$require"
      sed 's/__dirname/import.meta.dirname/g' "$module"
    } >"$module.new"
    mv "$module.new" "$module"
  done
  proto=$(deno eval 'import { fileURLToPath } from "node:url";
    console.log(fileURLToPath(new URL("../proto", import.meta.resolve("etcd3"))));')
  mkdir "$bundle/proto"
  cp "$proto"/*.proto "$bundle/proto/"
  deno eval 'const { unstable } = JSON.parse(Deno.readTextFileSync("deno.json"));
    console.log(JSON.stringify({ unstable }));' >"$bundle/deno.json"
}

# It compiles in another folder: what the environment says of files is meant from here.
for name in DENORT_BIN DENO_DIR DENO_CERT; do
  eval "value=\${$name:-}"
  case $value in
    '' | /*) ;;
    *) export "$name=$PWD/$value" ;;
  esac
done

# compile OUTPUT [--target TARGET]
compile() {
  output=$PWD/$1
  shift
  # V8's cache of compiled code would be a file in /tmp whose name anybody knows, and saves 0.02 s of CPU.
  (cd "$bundle" && deno compile --quiet --no-check --no-prompt --no-code-cache "$@" \
    --v8-flags=--max-semi-space-size=1 \
    --allow-read --allow-write --allow-env --allow-net --allow-run \
    --allow-sys=hostname,osUptime,statfs \
    --include app/roles --include app/lab --include proto --output "$output" app/main.js)
}

wanted=
while [ $# -gt 0 ]; do
  case $1 in
    --all) wanted=$targets ;;
    --target)
      [ $# -ge 2 ] || { echo "compile: --target needs one of: $targets" >&2; exit 2; }
      wanted="$wanted $2"
      shift
      ;;
    --target=*) wanted="$wanted ${1#--target=}" ;;
    *) echo "compile: unknown argument $1; allowed: --target TARGET, --all" >&2; exit 2 ;;
  esac
  shift
done

for target in $wanted; do
  case " $targets " in
    *" $target "*) ;;
    *) echo "compile: unknown target $target; there are: $targets" >&2; exit 2 ;;
  esac
done

# Whoever passes the binary on has to pass on the licences of what is in it.
if [ -e tools/sbom/main.ts ]; then
  mkdir -p dist
  deno run --allow-read --allow-write --allow-run --quiet tools/sbom/main.ts /dev/null dist/third-party-notices.txt
fi
make_bundle
[ -n "$wanted" ] || compile dist/calico-conductor
for target in $wanted; do compile "dist/calico-conductor-$target" --target "$target"; done
