#!/bin/sh
# Tests with a real RabbitMQ (default: status over it); installs Debian's when there is none and we may.
set -eu
cd "$(dirname "$0")/../.."
if [ ! -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then
  made=0
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    # Keeps the package from starting a broker of its own.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    made=1
  fi
  { apt-get update -q && apt-get install -q -y rabbitmq-server; } >&2 || {
    echo "install RabbitMQ (Debian: rabbitmq-server)" >&2
    exit 1
  }
  [ "$made" = 0 ] || rm -f /usr/sbin/policy-rc.d
fi
[ $# -gt 0 ] || set -- tests/bus/
exec deno test -A "$@"
