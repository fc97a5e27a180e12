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
. tests/support/table.sh

# run VERSION BINARY: every test starts the first etcd of the path.
run() {
  # shellcheck disable=SC2086 # several words
  in_table "etcd $1" "$2" env PATH="$(dirname "$2"):$PATH" deno test -A $suites
}

sh tests/etcd/versions.sh --all >"$log/versions"
if [ "${1:-}" = check ]; then
  for version in $wanted; do
    [ -z "$(version_lines "$version" "$log/versions")" ] || exit 0
  done
  exit 3
fi
for version in $wanted; do
  version_lines "$version" "$log/versions" | $each >"$log/these"
  if [ ! -s "$log/these" ]; then
    echo "== etcd $version: left out, it cannot be had here" | tee -a "$log/table"
  fi
  while read -r found binary; do
    run "$found" "$binary"
  done <"$log/these"
done
end_table
