#!/usr/bin/env bash
# The tests against a real OpenStack network, on a test bed that is brought up once for all files.
#   run.sh [ARGUMENTS OF DENO TEST]      by default every file in tests/openstack/
#   run.sh --all [ARGUMENTS]             on every release that can be had, one after the other; a table in the end
#   run.sh --check                       exit code 0 when the release can be had here; else says what is missing
#   RELEASE=2026.2                       of these: zed (default), 2025.1, 2026.1, 2026.2; newest is the last of them
#   OPENSTACK_BED=DIR                    a bed of `bed/bed.sh up DIR`: used as it is, and left running
set -eu
cd "$(dirname "$0")/../.."
here=tests/openstack
release=${RELEASE:-zed}
[ "$release" != newest ] || release=$(bash $here/bed/release.sh list | tail -n 1)
[ -z "${OPENSTACK_BED:-}" ] || release=$(cat "$OPENSTACK_BED/release")
export RELEASE=$release

# one_of_all RELEASE ARGUMENTS…: prints what the suite says, and adds its row to the table.
one_of_all() {
  local release=$1 from=$SECONDS result why
  shift
  if ! why=$(bash $here/bed/release.sh check "$release" 2>&1); then
    echo "$release left out: $why" | tee -a "$log/table"
    return
  fi
  echo "== OpenStack $release"
  RELEASE=$release bash $here/run.sh "$@" 2>&1 </dev/null | tee "$log/out" || touch "$log/failed"
  sed -i 's/\x1b\[[0-9;]*m//g' "$log/out"
  result=$(sed -nE 's/^(ok|FAILED) \| ([0-9]+ passed( \([^)]*\))?).*[^0-9]([0-9]+ failed).*/\2, \4/p' "$log/out" | tail -n 1)
  {
    echo "$release ($(bash $here/bed/release.sh versions "$release")):"
    echo "  ${result:-did not run} in $((SECONDS - from)) s"
    sed -nE "s/^(from the API's answer to etcd: .*)/  \1/p" "$log/out" | tail -n 1
  } >>"$log/table"
}

case "${1:-}" in
  --all)
    shift
    set -o pipefail
    log=$(mktemp -d)
    trap 'rm -rf "$log"' EXIT
    for release in $(bash $here/bed/release.sh list); do one_of_all "$release" "$@"; done
    echo
    cat "$log/table"
    grep -q passed "$log/table" && [ ! -e "$log/failed" ]
    exit
    ;;
  --check)
    exec bash $here/bed/release.sh check "$release"
    ;;
esac

bash $here/bed/release.sh check "$release"
bash $here/bed/release.sh install "$release"
if [ -z "${OPENSTACK_BED:-}" ]; then
  OPENSTACK_BED=$(mktemp -d /tmp/openstack-bed.XXXXXX)
  trap 'bash $here/bed/bed.sh down "$OPENSTACK_BED"' EXIT
  trap 'exit 130' INT TERM
  bash $here/bed/bed.sh up "$OPENSTACK_BED"
fi
export OPENSTACK_BED
(cd contrib/ml2-calico-bind && PYTHONDONTWRITEBYTECODE=1 bash "$OLDPWD/$here/bed/bed.sh" run "$OPENSTACK_BED" \
  env -C "$PWD" /usr/bin/python3 -W ignore -m unittest discover --buffer -s tests -t .)
[ $# -gt 0 ] || set -- $here/
deno test -A "$@"
