#!/bin/sh
# Makes sure of Chromium, then runs the browser tests.
set -eu
cd "$(dirname "$0")/../.."
if [ ! -x /usr/bin/chromium ] && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  apt-get update -q >/dev/null 2>&1 && apt-get install -y -q --no-install-recommends chromium >/dev/null 2>&1
fi
exec deno test -A tests/browser/
