#!/bin/sh
# The packages; `run.sh check` only says whether nfpm can be had here, and ends with 3 when it cannot.
# lintian looks at the real binary of CONDUCTOR_BINARY, or at the one that test:binary has left.
set -eu
cd "$(dirname "$0")/../.."
deno eval --quiet 'try { await (await import("./tools/package/nfpm.ts")).findNfpm(); }
  catch (error) { console.error(error.message); Deno.exit(3); }' || exit $?
[ "${1:-}" != check ] || exit 0
built=$PWD/dist/test/calico-conductor
if [ -z "${CONDUCTOR_BINARY:-}" ] && [ -x "$built" ]; then export CONDUCTOR_BINARY="$built"; fi
exec deno test -A tests/package/
