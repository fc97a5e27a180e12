#!/bin/sh
# The metrics, alerts and dashboard by Prometheus's own tools; installs Debian's when they are missing.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v promtool >/dev/null 2>&1 || ! [ -d /usr/lib/python3/dist-packages/prometheus_client ]; then
  made=0
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    # Keeps the package from starting a server of its own.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    made=1
  fi
  { apt-get update -q &&
    apt-get install -q -y --no-install-recommends prometheus python3-prometheus-client; } >&2 || {
    echo "install promtool and prometheus_client (Debian: prometheus python3-prometheus-client)" >&2
    exit 1
  }
  [ "$made" = 0 ] || rm -f /usr/sbin/policy-rc.d
fi
exec deno test -A tests/monitoring/
