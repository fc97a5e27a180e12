#!/usr/bin/env bash
# What we read of configuration files, beside what oslo.config reads of them with the options that Neutron registers.
#   run.sh [ARGUMENTS OF DENO TEST]
#   RELEASES="zed 2026.2"   of tests/openstack/bed/release.sh list; by default the oldest and the newest
#   OSLO_SEED               draws the same files again
set -eu
cd "$(dirname "$0")/../.."
here=tests/oslo
bed=tests/openstack/bed/release.sh
[ $# -gt 0 ] || set -- $here/
dir=$(mktemp -d /tmp/oslo-config.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
failed=0
for release in ${RELEASES:-$(bash $bed list | sed -n '1p;$p')}; do
  if ! why=$(bash $bed check "$release" 2>&1); then
    echo "== oslo.config of OpenStack $release: left out: $why"
    continue
  fi
  bash $bed install "$release"
  echo "== oslo.config of OpenStack $release"
  OSLO_DIR=$dir OSLO_PYTHON="bash $bed run $release $dir -- /usr/bin/python3" deno test -A "$@" || failed=1
done
exit $failed
