#!/bin/sh
# The workflows as actionlint sees them. `workflows.sh check` only says whether it can be had, and ends with 3 if not.
set -eu
cd "$(dirname "$0")/../.."
version=v1.7.12
tools=$PWD/.tools/package
bin=$tools/actionlint-$version
if [ ! -x "$bin/actionlint" ]; then
  mkdir -p "$tools"
  go=$(command -v go || echo /usr/local/go/bin/go)
  if ! GOBIN=$bin GOMODCACHE=$tools/mod GOCACHE=$tools/build GOFLAGS="-p=1 -modcacherw" GOTOOLCHAIN=local \
    "$go" install "github.com/rhysd/actionlint/cmd/actionlint@$version" >"$bin.log" 2>&1; then
    echo "actionlint cannot be had here: it needs Go and its module proxy" >&2
    exit 3
  fi
fi
[ "${1:-}" != check ] || exit 0
"$bin/actionlint" -color=false .github/workflows/*.yml && echo "the workflows are well"
