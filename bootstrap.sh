#!/bin/sh
# Makes sure of Deno, and of etcd where it is needed, then runs `deno task "$@"`:
#   sh bootstrap.sh start        sh bootstrap.sh status        sh bootstrap.sh test
#   sh bootstrap.sh --help       the product's commands and options
# Deno comes from PATH, else from .tools/, where the one version below is installed from npm, else from Deno's
# release. What is fetched is used only when it is, byte for byte, what is pinned here. etcd comes from PATH,
# else from the system's packages.
set -eu
cd "$(dirname "$0")"

minimum=2.9.0
version=2.9.6
installed=.tools/deno-$version/deno

# pins: Deno for this machine, as a package of npm and as a file of the release, and what each must be: SHA-512
# of the package (what npm calls its integrity, in hexadecimal), SHA-256 of the file, and SHA-256 of the
# executable, which is the same in both. A new version needs all of them anew.
pins() {
  case "$(uname -s) $(uname -m)" in
    "Linux x86_64")
      package=linux-x64-glibc
      package_sha512=de67784ca2c2bb3b0b0e67cea02e4a37b34065ac525643209bae2f83a7e80f4d090400c2a584b6ff942a5dfce09cfe59433de22cff6f05026d120735d7a380a1
      release=x86_64-unknown-linux-gnu
      release_sha256=394f07f4da2bebe6ce6f1e7ce0fa16429b29b08c35e3fac3fe25972676dff4b2
      deno_sha256=bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0
      ;;
    "Linux aarch64" | "Linux arm64")
      package=linux-arm64-glibc
      package_sha512=a68aa1a07f41de7625a2280430f4f9b7c1d8fb005e8ae79ad409f943b7ea809ccfd126265aca12fe852758efe9122038a1fcc8072d4496dfe29f9f312adc44a1
      release=aarch64-unknown-linux-gnu
      release_sha256=9a46afc6c392c7cd2ff71a31558935545b46408d0e87f7a86908c712721c046e
      deno_sha256=d08d392418df53f4e6e88a08909c0e1bccbf9adcead7232df72b6ad6075ec416
      ;;
    "Darwin x86_64")
      package=darwin-x64
      package_sha512=b4f8b70963d17635b531a5a5bd68ce444ec0b2ce52003756763d411754353c47738bee6efe60b9621999ce788c88fafcd4fa5a15eaa35da2c0b1f6fc945b19d1
      release=x86_64-apple-darwin
      release_sha256=7d4524b82bcc557fe020a1a5b56956ed42b992ae5b28026e8ad5d17329533f5f
      deno_sha256=ec9fbd8e8f5f6ca5ceb0ebe4a564636f2c698bf60e3187460ded400cc0147fd5
      ;;
    "Darwin arm64")
      package=darwin-arm64
      package_sha512=57cb8ed40a25ae5ff2bdd31be653ad82d8a0b3c62e6418eb3ab82f895322624434b30ca615fce469ed7065a9385e2db8b7bbdfeddfde88c6ffeebca38d59beb6
      release=aarch64-apple-darwin
      release_sha256=213a2f304f04d3c9cb5220669afad138f60a5aab1fe80962abdeb8f35807a472
      deno_sha256=b3ac3bd206e48c26026cadd80c1367e96c149f9c66130952382a642b09fa8a71
      ;;
    *) return 1 ;;
  esac
}

say() { echo "bootstrap: $*" >&2; }

# digest BITS FILE: its SHA-2 of so many bits, hexadecimal; nothing where no program can tell.
digest() {
  if command -v "sha${1}sum" >/dev/null 2>&1; then
    "sha${1}sum" "$2"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a "$1" "$2"
  else
    openssl dgst -r "-sha$1" "$2" 2>/dev/null
  fi | awk '{ print $1 }'
}

# pinned BITS DIGEST FILE: is the file what is pinned?
pinned() {
  found=$(digest "$1" "$3")
  [ "$found" = "$2" ] && return 0
  say "$(basename "$3") is not the one that is pinned, and is not used: its SHA-$1 is ${found:-unknown}, not $2"
  return 1
}

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
  for candidate in deno "$installed"; do
    if command -v "$candidate" >/dev/null 2>&1 && usable "$candidate"; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# from_npm FOLDER: the executable in it, from npm's package for this machine, of which no script runs.
from_npm() {
  command -v npm >/dev/null 2>&1 || return 1
  say "fetching Deno $version from npm"
  (cd "$1" && npm pack --silent --ignore-scripts "@deno/$package@$version") >/dev/null || return 1
  set -- "$1" "$1"/*.tgz
  pinned 512 "$package_sha512" "$2" || return 1
  tar -xzf "$2" -C "$1" package/deno && mv "$1/package/deno" "$1/deno"
}

# from_release FOLDER: the executable in it, from the release of Deno.
from_release() {
  command -v curl >/dev/null 2>&1 && command -v unzip >/dev/null 2>&1 || return 1
  say "fetching Deno $version from its release"
  from=https://github.com/denoland/deno/releases/download/v$version/deno-$release.zip
  curl -fsSL --proto '=https' --tlsv1.2 -o "$1/deno.zip" "$from" >&2 || return 1
  pinned 256 "$release_sha256" "$1/deno.zip" || return 1
  unzip -q "$1/deno.zip" deno -d "$1" >&2
}

install_deno() {
  pins || return 1
  mkdir -p "$(dirname "$installed")"
  new=$(mktemp -d "$(dirname "$installed")/new.XXXXXX")
  for from in from_npm from_release; do
    if "$from" "$new" && pinned 256 "$deno_sha256" "$new/deno"; then
      chmod 0755 "$new/deno"
      mv -f "$new/deno" "$installed"
      break
    fi
    rm -rf "${new:?}"/*
  done
  rm -rf "$new"
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
  test:package) needed= ;;
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
  status | doctor | config | resync | reload | step-down | permissions | trace | completion | man) needed= ;;
  compile | package | sbom | release-notes) needed= ;;
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
