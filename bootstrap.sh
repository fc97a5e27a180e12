#!/bin/sh
# Makes sure of Deno, and of etcd where it is needed, then runs `deno task "$@"`:
#   sh bootstrap.sh start        sh bootstrap.sh status        sh bootstrap.sh test
#   sh bootstrap.sh --help       the product's commands and options
# Deno comes from PATH, else from .tools/, else it is installed there from npm, else by Deno's own
# installer. etcd comes from PATH, else from the system's packages.
set -eu
cd "$(dirname "$0")"

minimum=2.9.0
npm_deno=2.9.6

say() { echo "bootstrap: $*" >&2; }

# new_enough VERSION: is it at least $minimum?
new_enough() {
  awk -v have="$1" -v want="$minimum" 'BEGIN {
    split(have, h, "."); split(want, w, ".")
    for (i = 1; i <= 3; i++) { if (h[i]+0 > w[i]+0) exit 0; if (h[i]+0 < w[i]+0) exit 1 }
    exit 0 }'
}

# usable COMMAND: does it run, and is it new enough?
usable() {
  version=$("$1" --version 2>/dev/null | awk 'NR == 1 { print $2 }') || return 1
  [ -n "$version" ] && new_enough "$version"
}

find_deno() {
  for candidate in deno .tools/node_modules/.bin/deno .tools/deno/bin/deno; do
    if command -v "$candidate" >/dev/null 2>&1 && usable "$candidate"; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

install_deno() {
  mkdir -p .tools
  if command -v npm >/dev/null 2>&1; then
    say "installing Deno $npm_deno from npm into .tools/"
    if npm install --silent --no-audit --no-fund --prefix .tools "deno@$npm_deno" >&2; then
      return 0
    fi
  fi
  if command -v curl >/dev/null 2>&1; then
    say "installing Deno with its own installer into .tools/deno"
    curl -fsSL https://deno.land/install.sh | DENO_INSTALL="$PWD/.tools/deno" sh -s -- -y >&2
  fi
}

install_etcd() {
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    sudo -n true 2>/dev/null || as_root=no
  fi
  if command -v apt-get >/dev/null 2>&1; then
    install="DEBIAN_FRONTEND=noninteractive apt-get install -y"
    # Where etcd's tools have no package of their own, they come with the server.
    command="apt-get update -q && $install etcd-server && { $install etcd-client || command -v etcdctl; }"
  elif command -v dnf >/dev/null 2>&1; then
    command="dnf install -y etcd"
  elif command -v brew >/dev/null 2>&1; then
    command="brew install etcd"
    as_root=
  else
    say "etcd is missing: install it from https://etcd.io/docs/latest/install/ and put it on PATH"
    return 1
  fi
  if [ "$as_root" = no ]; then
    say "etcd is missing and installing needs rights: run  sudo sh -c '$command'"
    return 1
  fi
  say "installing etcd: $command"
  $as_root sh -c "$command" >.tools/etcd-install.log 2>&1 || {
    tail -5 .tools/etcd-install.log >&2
    say "installing etcd failed: run  $command"
    return 1
  }
  # The service that the package may have started is not ours to use.
}

if ! deno=$(find_deno); then
  install_deno || true
  if ! deno=$(find_deno); then
    say "Deno $minimum or newer is missing: install it from https://deno.com and put it on PATH"
    exit 1
  fi
fi
# Tests also save and restore etcd, and run the commands of the documentation, with its own tool. Commands
# that ask a running node start no etcd.
needed=etcd
case ${1:-} in
  test*) needed="etcd etcdctl" ;;
  -h | --help | help)
    needed=
    shift
    set -- start --help "$@"
    ;;
  -V | --version | version)
    needed=
    set -- start --version
    ;;
  status | doctor | config | resync | step-down | permissions | trace | completion | man) needed= ;;
esac
missing=
for tool in $needed; do
  command -v "$tool" >/dev/null 2>&1 || missing=$tool
done
if [ -n "$missing" ]; then
  mkdir -p .tools
  install_etcd || exit 1
fi

case $deno in
  /*) ;;
  *) deno=$PWD/$deno ;;
esac
PATH=$(dirname "$deno"):$PATH
export PATH
exec "$deno" task "$@"
