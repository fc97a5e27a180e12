#!/bin/sh
# The model of the election in SPIN; installs Debian's spin and gcc when they are missing.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v spin >/dev/null 2>&1 || ! command -v gcc >/dev/null 2>&1 || ! [ -e /usr/include/stdio.h ]; then
  { apt-get update -q &&
    apt-get install -q -y --no-install-recommends spin gcc libc6-dev; } >&2 || {
    echo "the model of the election needs spin and gcc (Debian: spin gcc libc6-dev), and they cannot be installed here" >&2
    exit 1
  }
fi
exec deno test -A tests/model/
