#!/usr/bin/env bash
# The images of contrib/container/, built and run by podman: alone, and as compose.yaml has them.
#   run.sh [ARGUMENTS OF DENO TEST]   by default every file in tests/container/
#   run.sh --check                    exit code 0 when it can be done here; else says what is missing
#   CONDUCTOR_BINARY=FILE             what is put into it; by default it is built
# Its base is a fresh Debian of the mirror's (no registry is asked), kept in CONTAINER_BASES
# (/var/cache/calico-conductor-container).
set -eu
cd "$(dirname "$0")/../.."
here=$PWD/tests/container
bases=${CONTAINER_BASES:-/var/cache/calico-conductor-container}
suite=bookworm

if ! why=$(bash tests/systemd/roots.sh check $suite 2>&1); then
  echo "the image cannot be built here: $why" >&2
  exit 1
fi
[ "${1:-}" != --check ] || exit 0

bash tests/systemd/roots.sh base $suite "$bases"
# netavark and aardvark-dns are podman's networks and their names; iptables is what netavark calls.
packages="podman crun podman-compose netavark aardvark-dns iptables iproute2"
# Of a package that another only names, dpkg-query tells that it is not installed, and ends with 0.
# shellcheck disable=SC2086 # several words
if dpkg-query -W -f '${db:Status-Status}\n' $packages 2>&1 | grep -qvx installed; then
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends \
    $packages; } >"$bases/install.log" 2>&1 ||
    { echo "podman cannot be installed; see $bases/install.log" >&2; exit 1; }
fi
if [ -z "${CONDUCTOR_BINARY:-}" ]; then
  CONDUCTOR_BINARY=$PWD/dist/test/calico-conductor
  sh tests/binary/build.sh "$CONDUCTOR_BINARY"
fi
mkdir -p dist
deno task --quiet sbom /dev/null dist/third-party-notices.txt
export CONDUCTOR_BINARY CONTAINER_BASE=$bases/$suite
[ $# -gt 0 ] || set -- tests/container/
# All of it is in a pid and a mount namespace, which end with their first process; images and containers are in memory.
# crun knows cgroups v2 only.
unshare --mount --pid --fork --kill-child --mount-proc bash "$here/inside.sh" "$@" </dev/null &
inside=$!
trap 'kill -KILL $inside 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM HUP
wait $inside
