#!/bin/sh
# The page in a real Chromium; installs Debian's when there is none and we may.
set -eu
cd "$(dirname "$0")/../.."
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  { apt-get update -q && apt-get install -q -y chromium; } >&2 || {
    echo "install Chromium, or name it in CHROMIUM" >&2
    exit 1
  }
fi
exec deno test -A "${@:-tests/browser/}"
