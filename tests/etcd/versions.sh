#!/bin/sh
# Gets etcd of several versions, beside the one that is installed, and prints "version path" of each that
# could be had, a minor version once: the newest of it. Nothing is installed: Debian's packages are unpacked, and what
# etcd36/ pins is built by Go, below .tools/etcd. What could not be had is said on standard error, with the reason.
#
#   tests/etcd/versions.sh [--all] [SOURCE…]
#
# A SOURCE is a suite of Debian or "go"; by default: trixie sid go. With --all each version is printed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)/.tools/etcd
keys=/usr/share/keyrings/debian-archive-keyring.gpg

version_of() {
  "$1" --version | sed -n 's/^etcd Version: //p'
}

# get_package SUITE: unpacks Debian's etcd and its tools.
get_package() {
  dir=$top/$1
  [ -x "$dir/root/usr/bin/etcdctl" ] && return
  # The mirror that this machine's own packages come from.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 2>/dev/null | grep -v security | head -n 1)
  if [ -z "$mirror" ]; then
    echo "no etcd of Debian's $1: this is no Debian" >&2
    return
  fi
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  echo "deb [signed-by=$keys] $mirror $1 main" >"$dir/sources.list"
  set -- "$1" -qq -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root
  suite=$1
  shift
  (
    cd "$dir"
    apt-get "$@" update && apt-get "$@" download etcd-server etcd-client &&
      for package in *.deb; do dpkg-deb -x "$package" root; done
  ) >"$dir/log" 2>&1 || echo "no etcd of Debian's $suite: $(tail -n 1 "$dir/log")" >&2
  rm -rf "$dir/lists" "$dir/cache"
}

# build: by Go, from the modules that etcd36/go.mod pins, unless that has been done.
build() {
  dir=$top/go
  pinned=$(sed -n 's|.*go.etcd.io/etcd/server/v3 v||p' "$here/etcd36/go.mod")
  [ -x "$dir/etcdutl" ] && [ "$(version_of "$dir/etcd")" = "$pinned" ] && return
  go=$(command -v go || echo /usr/local/go/bin/go)
  if ! "$go" version >/dev/null 2>&1; then
    echo "no etcd $pinned: it is built by Go, and there is none" >&2
    return
  fi
  mkdir -p "$dir"
  # Its modules and what it compiles stay beside the project.
  (
    export GOMODCACHE="$dir/mod" GOCACHE="$dir/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
    cd "$here/etcd36" && nice "$go" build -trimpath -o "$dir/etcdutl" go.etcd.io/etcd/etcdutl/v3 &&
      nice "$go" build -trimpath -o "$dir/etcd" .
  ) >"$dir/log" 2>&1 || echo "no etcd $pinned: $(tail -n 1 "$dir/log")" >&2
}

all=
if [ "${1:-}" = --all ]; then
  all=1
  shift
fi
[ $# -gt 0 ] || set -- trixie sid go
found=$(command -v etcd || true)
for source; do
  if [ "$source" = go ]; then
    build
    binary=$top/go/etcd
  else
    get_package "$source"
    binary=$top/$source/root/usr/bin/etcd
  fi
  [ ! -x "$binary" ] || found="$found $binary"
done
for binary in $found; do
  echo "$(version_of "$binary") $binary"
done | sort -V | awk -v all="$all" '
  { split($1, part, "."); minor = all ? $1 : part[1] "." part[2]; line[minor] = $0 }
  !(minor in seen) { seen[minor]; order[++count] = minor }
  END { for (i = 1; i <= count; i++) print line[order[i]] }'
