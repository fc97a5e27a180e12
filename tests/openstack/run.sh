#!/usr/bin/env bash
# The tests against a real OpenStack network, on a test bed that is brought up once for all files.
#   run.sh [ARGUMENTS OF DENO TEST]      by default every file in tests/openstack/
#   OPENSTACK_BED=DIR                    a bed of `bed/bed.sh up DIR`: used as it is, and left running
set -eu
cd "$(dirname "$0")/../.."
here=tests/openstack
bash $here/bed/packages.sh check
bash $here/bed/packages.sh install
if [ -z "${OPENSTACK_BED:-}" ]; then
  OPENSTACK_BED=$(mktemp -d /tmp/openstack-bed.XXXXXX)
  trap 'bash $here/bed/bed.sh down "$OPENSTACK_BED"' EXIT
  trap 'exit 130' INT TERM
  bash $here/bed/bed.sh up "$OPENSTACK_BED"
fi
export OPENSTACK_BED
(cd contrib/ml2-calico-bind && PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -W ignore -m unittest \
  discover --buffer -s tests -t .)
[ $# -gt 0 ] || set -- $here/
deno test -A "$@"
