#!/bin/sh
# What the conductor writes before Felix's own judges, from Calico's published Go module; FELIX_CLOUDS, FELIX_SEED.
# `run.sh check` only builds them. Without Go or the modules it says so and ends with 3.
set -eu
cd "$(dirname "$0")/../.."
tools=$PWD/.tools/felix
mkdir -p "$tools"
go=$(command -v go || echo /usr/local/go/bin/go)
if ! "$go" version >/dev/null 2>&1; then
  echo "Felix's judges need Go: there is none" >&2
  exit 3
fi
# Its modules and what it compiles stay beside the project; one compiler at a time.
export GOMODCACHE="$tools/mod" GOCACHE="$tools/build" GOFLAGS="-p=1 -modcacherw" GOTOOLCHAIN=local
if ! (cd tests/felix/judge && "$go" build -o "$tools/felixjudge" .) >"$tools/build.log" 2>&1; then
  grep -v '^go: downloading' "$tools/build.log" >&2 || true
  # A program that does not compile is a failure; one whose modules cannot be had is not.
  if grep -q '^#\|\.go:[0-9]' "$tools/build.log" && ! grep -qi 'dial tcp\|403\|404\|not available\|no such host' "$tools/build.log"; then
    exit 1
  fi
  echo "Felix's judges cannot be built: their modules cannot be had here" >&2
  exit 3
fi
[ "${1:-}" != check ] || exit 0
FELIX_JUDGE="$tools/felixjudge" GOGC=400 exec deno test -A tests/felix/
