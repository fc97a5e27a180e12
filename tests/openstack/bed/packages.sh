#!/usr/bin/env bash
# The Debian packages that the test bed is made of.
#   packages.sh check     exit code 0 when the bed can run here; else says what is missing
#   packages.sh install   installs what is missing (root, Debian); their services are not started
set -euo pipefail
packages="neutron-common python3-neutron rabbitmq-server mariadb-server python3-pymysql keystone
  uwsgi-core uwsgi-plugin-python3 python3-keystonemiddleware python3-pip python3-setuptools
  python3-wheel curl"
# The Python driver's client of etcd.
[ -z "${NETWORKING_CALICO:-}" ] || packages="$packages python3-etcd3gw"

missing() {
  for package in $packages etcd-server; do
    if [ "$package" = etcd-server ] && command -v etcd >/dev/null; then continue; fi
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

command -v dpkg-query >/dev/null ||
  { echo "the OpenStack test bed is made of Debian packages, and this is no Debian"; exit 1; }
lacking=$(missing | tr '\n' ' ')

case "${1:-}" in
  check)
    if [ -n "$lacking" ] && [ "$(id -u)" != 0 ]; then
      echo "the OpenStack test bed needs packages that only root can install: $lacking"
      exit 1
    fi
    # MariaDB and RabbitMQ are started as the user who runs the tests, with data of their own.
    exit 0
    ;;
  install)
    [ -n "$lacking" ] || exit 0
    [ "$(id -u)" = 0 ] || { echo "missing: $lacking"; exit 1; }
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    export DEBIAN_FRONTEND=noninteractive
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      # The packages' own services must not take the default ports.
      printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
      chmod +x /usr/sbin/policy-rc.d
      trap 'rm -f "$log" /usr/sbin/policy-rc.d' EXIT
    fi
    apt="apt-get -o DPkg::Lock::Timeout=300"
    $apt update -q >"$log" 2>&1 || true
    # shellcheck disable=SC2086
    $apt install -q -y --no-install-recommends $lacking >>"$log" 2>&1 || {
      tail -20 "$log"
      exit 1
    }
    ;;
  *)
    echo "usage: packages.sh check|install" >&2
    exit 2
    ;;
esac
