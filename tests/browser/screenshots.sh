#!/bin/sh
# Pictures of every page in every state, made up and of real nodes, on a wide and on a narrow screen.
set -eu
if [ $# -ne 1 ]; then
  echo "usage: deno task screenshots DIR" >&2
  exit 2
fi
mkdir -p "$1"
SCREENSHOTS=$(cd "$1" && pwd)
export SCREENSHOTS
cd "$(dirname "$0")/../.."
exec sh tests/browser/run.sh tests/browser/states_test.ts tests/browser/node_test.ts
