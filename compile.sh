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

# What no program reads when it runs, or only the tests do, as package:path. A binary holds what is embedded
# in the memory of each of its processes.
unneeded="zod:src hono:dist/cjs hono:dist/types @grpc/grpc-js:src protobufjs:dist @types/node:
  undici-types: fast-check: playwright-core: ajv: @cyclonedx/cyclonedx-library:"
if [ -d node_modules ]; then
  packages=node_modules version=
else
  # One folder for each registry, one for each version.
  packages=$(deno info --json | sed -n 's/.*"npmCache": *"\(.*\)".*/\1/p')/* version='*/'
fi
excluded() {
  unset IFS
  for part in $unneeded; do
    for path in $packages/${part%%:*}/$version${part#*:}; do
      [ ! -e "$path" ] || printf '%s\n%s\n' --exclude "$path"
    done
  done
  if deno compile --help | grep -q -e --exclude-unused-npm; then echo --exclude-unused-npm; fi
}

# compile OUTPUT [--target TARGET]
compile() {
  output=$1
  shift
  mkdir -p "$(dirname "$output")"
  IFS='
'
  # shellcheck disable=SC2046 # one word a line
  set -- "$@" $(excluded)
  unset IFS
  deno compile --quiet --no-check --no-prompt "$@" \
    --v8-flags=--max-semi-space-size=1 \
    --allow-read --allow-write --allow-env --allow-net --allow-run \
    --allow-sys=hostname,osUptime,statfs \
    --include roles --include lab --output "$output" main.ts
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

[ -n "$wanted" ] || compile dist/calico-conductor
for target in $wanted; do compile "dist/calico-conductor-$target" --target "$target"; done
