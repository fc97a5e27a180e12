#!/bin/sh
# The suites that speak with etcd, against each version of it that can be had (versions.sh): "deno task test:etcd".
#
#   ETCD_VERSIONS="3.5 3.6"   the newest of these only. One that cannot be had is left out, and named
#   ETCD_SUITES="tests/etcd"  only these files or folders
#
# With "check" as its argument it only gets them, and exits with 3 when none can be had.
set -u
cd "$(dirname "$0")/../.."
wanted=${ETCD_VERSIONS:-3.4 3.5 3.6}
each=cat
[ -z "${ETCD_VERSIONS:-}" ] || each='tail -n 1'
suites=${ETCD_SUITES:-tests/etcd tests/election tests/status}
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
touch "$log/table"

# run VERSION BINARY: every test starts the first etcd of the path.
run() {
  echo "== etcd $1 ($2)"
  from=$(date +%s)
  # shellcheck disable=SC2086 # several words
  PATH=$(dirname "$2"):$PATH deno test -A $suites >"$log/out" 2>&1 </dev/null || touch "$log/failed"
  cat "$log/out"
  result=$(sed 's/\x1b\[[0-9;]*m//g' "$log/out" |
    sed -nE 's/^(ok|FAILED) \| ([0-9]+ passed).*[^0-9]([0-9]+ failed).*/\2, \3/p' | tail -n 1)
  echo "== etcd $1: ${result:-did not run} in $(($(date +%s) - from)) s" | tee -a "$log/table"
}

sh tests/etcd/versions.sh --all >"$log/versions"
if [ "${1:-}" = check ]; then
  for version in $wanted; do
    awk -v wanted="$version" 'index($1 ".", wanted ".") == 1 { found = 1 } END { exit !found }' "$log/versions" && exit 0
  done
  exit 3
fi
for version in $wanted; do
  awk -v wanted="$version" 'index($1 ".", wanted ".") == 1' "$log/versions" | $each >"$log/these"
  if [ ! -s "$log/these" ]; then
    echo "== etcd $version: left out, it cannot be had here" | tee -a "$log/table"
  fi
  while read -r found binary; do
    run "$found" "$binary"
  done <"$log/these"
done
echo
cat "$log/table"
if ! grep -q passed "$log/table"; then
  echo "nothing ran"
  exit 1
fi
[ ! -e "$log/failed" ]
