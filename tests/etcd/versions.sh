#!/bin/sh
# Gets etcd of Debian's suites, beside the one that is installed, and prints "version path" of each that
# could be had. The packages are unpacked below .tools/etcd, nothing is installed.
#
#   tests/etcd/versions.sh [SUITE…]     by default: trixie sid
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)/.tools/etcd
# The mirror that this machine's own packages come from.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' | grep -v security | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg

version_of() {
  "$1" --version | sed -n 's/^etcd Version: //p'
}

get() {
  dir=$top/$1
  [ -x "$dir/root/usr/bin/etcd" ] && return
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  echo "deb [signed-by=$keys] $mirror $1 main" >"$dir/sources.list"
  set -- "$1" -qq -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root
  suite=$1
  shift
  (
    cd "$dir"
    apt-get "$@" update && apt-get "$@" download etcd-server && dpkg-deb -x etcd-server_*.deb root
  ) >&2 || echo "no etcd of $suite" >&2
  rm -rf "$dir/lists" "$dir/cache"
}

[ $# -gt 0 ] || set -- trixie sid
installed=$(command -v etcd || true)
[ -z "$installed" ] || echo "$(version_of "$installed") $installed"
for suite; do
  get "$suite"
  binary=$top/$suite/root/usr/bin/etcd
  [ ! -x "$binary" ] || echo "$(version_of "$binary") $binary"
done
