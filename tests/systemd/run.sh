#!/usr/bin/env bash
# The package on machines that systemd boots: installed, started, held up, killed, upgraded, purged.
#   run.sh [ARGUMENTS OF DENO TEST]   by default every file in tests/systemd/
#   run.sh --all [ARGUMENTS]          on every release that can be had, one after the other
#   run.sh --check                    exit code 0 when the release can be had here; else says what is missing
#   RELEASE=trixie                    bookworm (systemd 252), trixie (257, default) or sid (262)
#   CONDUCTOR_BINARY=FILE             what is packed; by default it is built
#   OLDER_BINARY=FILE                 what is packed as the version before, such as an older commit's; by default the same
set -eu
cd "$(dirname "$0")/../.."
here=tests/systemd
RELEASE=${RELEASE:-trixie}
export RELEASE

case "${1:-}" in
  --check) exec bash $here/roots.sh check "$RELEASE" ;;
  --all)
    shift
    failed=0
    for release in bookworm trixie sid; do
      if ! why=$(bash $here/roots.sh check $release 2>&1); then
        echo "== Debian $release left out: $why"
        continue
      fi
      echo "== Debian $release"
      RELEASE=$release bash $here/run.sh "$@" || failed=1
    done
    exit $failed
    ;;
esac

bash $here/roots.sh check "$RELEASE"
bash $here/roots.sh make "$RELEASE"
if [ -z "${CONDUCTOR_BINARY:-}" ]; then
  CONDUCTOR_BINARY=$PWD/dist/test/calico-conductor
  sh tests/binary/build.sh "$CONDUCTOR_BINARY"
fi
export CONDUCTOR_BINARY
SYSTEMD_WORK=$(mktemp -d)
SYSTEMD_CGROUP=calico-conductor-test-$$
export SYSTEMD_WORK SYSTEMD_CGROUP
cleaner=

# All processes are in one pid namespace and all mounts in one mount namespace: both end with its first
# process. What is left are the groups that it was in.
clean() {
  [ -z "$cleaner" ] || kill -KILL "$cleaner" 2>/dev/null || true
  wait
  local tries group
  # The last of their processes may take a moment to end.
  for tries in 1 2 3 4 5; do
    for group in /sys/fs/cgroup/{,*/}"$SYSTEMD_CGROUP"; do
      [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep "$tries"
    done
  done
  rm -rf "$SYSTEMD_WORK"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

sh $here/package.sh 1 "${OLDER_BINARY:-$CONDUCTOR_BINARY}" "$SYSTEMD_WORK/version-1.deb"
sh $here/package.sh 2 "$CONDUCTOR_BINARY" "$SYSTEMD_WORK/version-2.deb"
[ $# -gt 0 ] || set -- $here/
echo "systemd $(bash $here/roots.sh version "$RELEASE") of Debian $RELEASE"
# What the machines see of cgroups is version 2, whatever the host mounts: systemd 258 boots with nothing else.
unshare --mount --pid --fork --kill-child --mount-proc bash -c '
  mount -t tmpfs -o mode=755 tmpfs /run
  memory=$(awk "\$3 == \"cgroup\" && \$4 ~ /memory/ { print \$2; exit }" /proc/mounts)
  if [ -n "$memory" ]; then mkdir /run/memory && mount --bind "$memory" /run/memory; fi
  if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
  fi
  exec deno test -A "$@"' bash "$@" </dev/null &
cleaner=$!
code=0
wait "$cleaner" || code=$?
cleaner=
exit "$code"
