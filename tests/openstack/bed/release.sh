#!/usr/bin/env bash
# Debian's packages of one OpenStack release. The host's own when the host is that Debian; else those of
# a chroot, made once and kept in OPENSTACK_BED_CACHE (/var/cache/calico-conductor-bed).
#
#   release.sh check RELEASE                 exit code 0 when it can be had here; else says what is missing
#   release.sh install RELEASE               installs what is missing, or makes the chroot (root, Debian)
#   release.sh run RELEASE [DIR…] -- COMMAND…  replaces itself by the command, among these packages. It sees
#                                            the project, the given directories, and of everything else the
#                                            release's own. What it writes elsewhere is gone when it ends
#   release.sh versions RELEASE              prints what is installed
#   release.sh list                          the releases, oldest first
#
# RELEASE: zed, 2025.1, 2026.1 or 2026.2. A running command has mounts of its own (a mount namespace), so
# that none is left, however it ends. Needs root and the mirror in the host's own package sources.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../../.." && pwd)
cache=${OPENSTACK_BED_CACHE:-/var/cache/calico-conductor-bed}
# Release, Debian's suite of it, and the major version of its Neutron: suites move on, releases do not.
releases="zed bookworm 21
2025.1 trixie 26
2026.1 forky 28
2026.2 sid 29"
# Nothing but what the bed starts: no services' configuration, no init scripts where a library will do.
packages="neutron-common python3-neutron rabbitmq-server mariadb-server mariadb-client python3-pymysql
  python3-keystone uwsgi-core uwsgi-plugin-python3 python3-keystonemiddleware python3-pip
  python3-setuptools python3-wheel curl"

fail() {
  echo "$*" >&2
  exit 1
}

# choose RELEASE: sets suite, neutron and root ("" is the host itself).
choose() {
  read -r suite neutron < <(awk -v wanted="$1" '$1 == wanted { print $2, $3 }' <<<"$releases") ||
    fail "no such release: $1 (there are $(awk '{ printf "%s ", $1 }' <<<"$releases"))"
  root=$cache/$suite
  if [ "$(codename)" = "$suite" ]; then root=; fi
}

codename() { (. /etc/os-release && echo "${VERSION_CODENAME:-}"); }

ready() { [ -e "$root/.ready" ] && neutron_is; }

# neutron_is: whether the chroot holds the Neutron that its release has.
neutron_is() {
  [[ "$(dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Version}' python3-neutron 2>/dev/null)" == *:$neutron.* ]]
}

# mirror: where the host itself gets its packages from, by its sources: its lists may not have been fetched.
mirror() {
  apt-get --print-uris update | awk -F "'" -v end="/dists/$(codename)/InRelease" '
    !found && index($2, end) { print substr($2, 1, index($2, end) - 1); found = 1 }'
}

# offered: the version of Neutron that the mirror has in the suite now; nothing when it does not say.
offered() {
  local dir
  dir=$(mktemp -d)
  chmod 755 "$dir" # apt reads it as a user of its own
  echo "deb $(mirror) $suite main" >"$dir/sources.list"
  local own=(-q -o "Dir::State=$dir" -o "Dir::Cache=$dir" -o "Dir::Etc::SourceList=$dir/sources.list"
    -o Dir::Etc::SourceParts=/dev/null)
  apt-get "${own[@]}" update >/dev/null 2>&1 || true
  apt-cache "${own[@]}" madison python3-neutron | awk '!found { print $3; found = 1 }'
  rm -rf "$dir"
}

check() {
  if [ -z "$root" ]; then exec bash "$here/packages.sh" check; fi
  (. /etc/os-release && [ "$ID" = debian ]) 2>/dev/null || fail "OpenStack $1 is made of Debian packages, and this is no Debian"
  [ "$(id -u)" = 0 ] || fail "OpenStack $1 is made in a chroot, and only root can use one"
  unshare --mount true 2>/dev/null || fail "OpenStack $1 is made in a chroot, and nothing can be mounted here"
  if ready; then return; fi
  [ -n "$(mirror)" ] || fail "the host's package sources name no Debian mirror"
  local has
  has=$(offered)
  [[ -z "$has" || "$has" == *:$neutron.* ]] || fail "Debian $suite has Neutron ${has#*:} now, and not $neutron any more"
}

make_chroot() {
  local uri log=$cache/$suite.log
  uri=$(mirror)
  command -v debootstrap >/dev/null ||
    { apt-get update -q && apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends debootstrap; } \
      >"$log" 2>&1 || fail "debootstrap cannot be installed; see $log"
  rm -rf --one-file-system "$root"
  # Suites that this debootstrap has not heard of are made as sid is.
  local script=/usr/share/debootstrap/scripts/$suite
  [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
  # With mounts of its own: one that is killed must not leave its /proc where the next one removes all.
  unshare --mount debootstrap --variant=minbase "$suite" "$root" "$uri" "$script" >"$log" 2>&1 || fail "$(tail -n 20 "$log")"
  apt-config dump Acquire | grep -E '^Acquire::https?::' >"$root/etc/apt/apt.conf.d/00host" || true
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/bed"
  printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' >>"$root/etc/dpkg/dpkg.cfg.d/bed"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  # Python's files are compiled when they are used, which few of them are.
  mkdir -p "$root/var/cache/pycache"
  local compilers=/usr/bin/py3compile
  chroot "$root" dpkg-divert --local --rename --add $compilers >>"$log"
  printf '#!/bin/sh\n' >"$root$compilers"
  chmod +x "$root$compilers"
  # shellcheck disable=SC2086 # several words
  unshare --mount bash -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
    env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install -q -y --no-install-recommends $packages >>"$log" 2>&1 ||
    fail "$(tail -n 20 "$log")"
  rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  neutron_is || fail "Debian $suite has no Neutron $neutron any more; it has $(
    dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Version}' python3-neutron)"
  touch "$root/.ready"
}

install() {
  if [ -z "$root" ]; then exec bash "$here/packages.sh" install; fi
  ready && return
  mkdir -p "$cache"
  exec 8>"$cache/$suite.lock"
  flock 8
  ready || make_chroot
  exec 8>&-
}

# versions: those of the packages, without what is Debian's own in them.
versions() {
  local name package said=
  while read -r name package; do
    said="${said:+$said, }$name $(dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Version}' "$package" |
      sed -E 's/^[0-9]+://; s/[-+~].*//')"
  done <<<"Neutron python3-neutron
Keystone python3-keystone
RabbitMQ rabbitmq-server
MariaDB mariadb-server
Python python3"
  echo "$said"
}

# enter DIR… -- COMMAND…: in a mount namespace of its own.
enter() {
  local at=$cache/.mounts dirs=("$project")
  while [ "$1" != -- ]; do
    dirs+=("$1")
    shift
  done
  shift
  mount -t tmpfs -o mode=755 tmpfs "$at"
  mkdir "$at"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$root,upperdir=$at/upper,workdir=$at/work" "$at/root"
  mount --rbind /proc "$at/root/proc"
  mount --rbind /dev "$at/root/dev"
  for one in "${dirs[@]}"; do
    mkdir -p "$at/root$one"
    mount --bind "$one" "$at/root$one"
  done
  mount -o remount,bind,ro "$at/root$project"
  if [ -d "$root/var/cache/pycache" ]; then
    mount --bind "$root/var/cache/pycache" "$at/root/var/cache/pycache"
    # With a prefix, what is compiled lies in one place, whatever package it is of.
    export PYTHONPYCACHEPREFIX=/var/cache/pycache
    unset PYTHONDONTWRITEBYTECODE
  fi
  # Whoever started this finds by it what it has started in turn.
  [ -z "${BED_NAMESPACE:-}" ] || stat -L -c %i /proc/self/ns/mnt >"$BED_NAMESPACE"
  exec chroot "$at/root" "$@"
}

case "${1:-}" in
  list) awk '{ print $1 }' <<<"$releases" ;;
  check | install | versions)
    choose "${2:?a release}"
    "$1" "$2"
    ;;
  run)
    choose "${2:?a release}"
    shift 2
    if [ -z "$root" ]; then
      while [ "$1" != -- ]; do shift; done
      shift
      exec "$@"
    fi
    mkdir -p "$cache/.mounts"
    root=$root exec unshare --mount bash "$0" enter "$@"
    ;;
  enter)
    shift
    enter "$@"
    ;;
  *)
    sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
