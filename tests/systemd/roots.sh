#!/usr/bin/env bash
# Roots of Debian with systemd as their init, each made once and kept in SYSTEMD_ROOTS
# (/var/cache/calico-conductor-systemd).
#
#   roots.sh check SUITE            exit code 0 when it can be had and booted here; else says what is missing
#   roots.sh make SUITE             makes it, and installs systemd-nspawn and debootstrap (root, Debian)
#   roots.sh base SUITE DIR         makes DIR/SUITE, a Debian with nothing but what each one has
#   roots.sh version SUITE          prints the version of systemd in it
#   roots.sh boot SUITE NAME CGROUP replaces itself by systemd-nspawn, which boots a machine of that name on a
#                                   copy of the root that is gone when it ends
#
# SUITE: bookworm, trixie or sid. `boot` mounts, and wants to be in mount and pid namespaces of its own
# (run.sh makes them), so that no mount and no process is left, however it ends.
set -euo pipefail
roots=${SYSTEMD_ROOTS:-/var/cache/calico-conductor-systemd}
# dbus: systemctl talks to systemd by it. procps is not there, as on a small host.
packages=systemd,systemd-sysv,dbus

fail() {
  echo "$*" >&2
  exit 1
}

codename() { (. /etc/os-release && echo "${VERSION_CODENAME:-}"); }

# mirror: where the host itself gets its packages from.
mirror() {
  apt-get --print-uris update | awk -F "'" -v end="/dists/$(codename)/InRelease" '
    !found && index($2, end) { print substr($2, 1, index($2, end) - 1); found = 1 }'
}

version() { dpkg-query --admindir="$roots/$1/var/lib/dpkg" -W -f '${Version}' systemd; }

check() {
  (. /etc/os-release && [ "$ID" = debian ]) 2>/dev/null || fail "a machine is made of Debian packages, and this is no Debian"
  [ "$(id -u)" = 0 ] || fail "a machine is booted in a root of its own, and only root can do that"
  unshare --mount --pid --fork true 2>/dev/null || fail "a machine needs mounts and a pid namespace of its own, and neither can be had here"
  unshare --mount mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || fail "systemd needs cgroups of version 2, and this kernel mounts none"
  [ -e "$roots/$1/.ready" ] || [ -n "$(mirror)" ] || fail "the host's package sources name no Debian mirror"
}

# installed PACKAGE…: whether all are. Of one that another only names, dpkg-query tells that it is not, and ends with 0.
installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed)" = $# ]
}

# install_debootstrap LOG [PACKAGE…]: that, and the packages, unless they are there.
install_debootstrap() {
  local log=$1
  shift
  installed debootstrap "$@" && return
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -q -y \
    --no-install-recommends debootstrap "$@"; } >"$log" 2>&1 || fail "debootstrap $* cannot be installed; see $log"
}

make() {
  mkdir -p "$roots"
  exec 8>"$roots/lock"
  flock 8
  install_debootstrap "$roots/install.log" systemd-container
  [ -e "$roots/$1/.ready" ] || fill "$1" "$roots" "--include=$packages"
}

base() {
  mkdir -p "$2"
  exec 8>"$2/lock"
  flock 8
  install_debootstrap "$2/install.log"
  [ -e "$2/$1/.ready" ] || fill "$1" "$2"
}

# fill SUITE DIR [OPTION OF DEBOOTSTRAP]: makes DIR/SUITE.
fill() {
  rm -rf --one-file-system "${2:?}/$1"
  # With mounts of its own: one that is killed must not leave its /proc where the next one removes all.
  unshare --mount debootstrap --variant=minbase "${@:3}" "$1" "$2/$1" "$(mirror)" \
    >"$2/$1.log" 2>&1 || fail "$(tail -n 20 "$2/$1.log")"
  rm -rf "$2/$1"/var/cache/apt/*.bin "$2/$1"/var/cache/apt/archives/*.deb "$2/$1"/var/lib/apt/lists/*
  # Each machine gets an identity of its own, and nobody logs in.
  : >"$2/$1/etc/machine-id"
  if [ -d "$2/$1/etc/systemd/system" ]; then
    ln -sf /dev/null "$2/$1/etc/systemd/system/console-getty.service"
  fi
  # How the host itself reaches its mirror.
  apt-config dump Acquire | grep -E '^Acquire::https?::' >"$2/$1/etc/apt/apt.conf.d/00host" || true
  touch "$2/$1/.ready"
}

boot() {
  local at=/run/machine/$2
  # A machine's systemd manages what is below its own group, and two of them must not meet.
  mkdir -p "/sys/fs/cgroup/$3/$2" "$at"
  echo $$ >"/sys/fs/cgroup/$3/$2/cgroup.procs"
  mount -t tmpfs -o mode=755 tmpfs "$at"
  mkdir "$at"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$roots/$1,upperdir=$at/upper,workdir=$at/work" "$at/root"
  echo "$2" >"$at/root/etc/hostname"
  # The network is the host's: etcd and the cloud are on its loopback. Not registered: no systemd runs here.
  exec systemd-nspawn --quiet --register=no --keep-unit --console=read-only --resolv-conf=off --timezone=off \
    --machine="$2" --boot --directory="$at/root"
}

case "${1:-}" in
  check | make | base | version | boot)
    command=$1
    shift
    "$command" "$@"
    ;;
  *)
    sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
