#!/bin/sh
# Tests with a real RabbitMQ (default: those of this folder), against each version of it that is there (versions.sh);
# installs Debian's when there is none and we may.
#
#   RABBITMQ_VERSIONS="3.10 newest"  only these. One that is not there is left out, and named
#
# With files as arguments only the installed one runs, unless RABBITMQ_VERSIONS says otherwise. Without, the cluster is
# made of the newest alone: it takes as long as all the rest. Files run side by side, since they mostly wait.
set -eu
cd "$(dirname "$0")/../.."

# Debian's packages; their broker is kept from starting by itself.
install() {
  made=0
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    made=1
  fi
  done=0
  { apt-get update -q && apt-get install -q -y rabbitmq-server python3-oslo.messaging; } >&2 || done=$?
  [ "$made" = 0 ] || rm -f /usr/sbin/policy-rc.d
  return "$done"
}

if [ ! -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ||
  ! /usr/bin/python3 -c 'import oslo_messaging' 2>/dev/null; then
  install || {
    echo "install RabbitMQ and oslo.messaging (Debian: rabbitmq-server python3-oslo.messaging)" >&2
    exit 1
  }
fi

log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
. tests/support/table.sh
sh tests/bus/versions.sh >"$log/versions"
# Some kinds of queues need a newer oslo.messaging than the installed one.
OSLO_ROOT=$(tail -n 1 "$log/versions" | cut -d ' ' -f 2)
export OSLO_ROOT

# these VERSION: the lines of that version.
these() {
  case $1 in
    installed) awk '$2 == "/"' "$log/versions" ;;
    newest) tail -n 1 "$log/versions" ;;
    *) version_lines "$1" "$log/versions" ;;
  esac
}

# run VERSION ROOT FILE…
run() {
  version=$1
  export RABBITMQ_ROOT="$2"
  shift 2
  in_table "RabbitMQ $version" "$RABBITMQ_ROOT" env DENO_JOBS="${DENO_JOBS:-3}" deno test -A --parallel "$@"
}

if [ $# -gt 0 ]; then
  wanted=${RABBITMQ_VERSIONS:-installed}
else
  wanted=${RABBITMQ_VERSIONS:-$(cut -d ' ' -f 1 "$log/versions" | xargs)}
  set -- tests/bus/
  last=${wanted##* }
fi
for one in $wanted; do
  these "$one" >"$log/these"
  if [ ! -s "$log/these" ]; then
    echo "== RabbitMQ $one: left out, it is not there" | tee -a "$log/table"
  fi
  while read -r version root; do
    RABBITMQ_CLUSTER=yes
    [ "$one" = "${last:-$one}" ] || RABBITMQ_CLUSTER=no
    export RABBITMQ_CLUSTER
    grep -q "== RabbitMQ $version:" "$log/table" || run "$version" "$root" "$@"
  done <"$log/these"
done
end_table
