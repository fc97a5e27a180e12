#!/bin/sh
# The end-to-end tests against the compiled binary, and the binary's own. One that is built already is
# taken from CONDUCTOR_BINARY.
set -eu
cd "$(dirname "$0")/../.."
if [ -z "${CONDUCTOR_BINARY:-}" ]; then
  CONDUCTOR_BINARY=$PWD/dist/test/calico-conductor
  sh tests/binary/build.sh "$CONDUCTOR_BINARY"
fi
export CONDUCTOR_BINARY
exec deno test -A tests/e2e/ tests/binary/
