#!/bin/sh
# Prints "version root" of each RabbitMQ that is there, the oldest first: the installed one, whose root is /, and those
# of the other Debian releases that the suite of OpenStack keeps (tests/openstack/bed), which only root can run.
set -eu
cache=${OPENSTACK_BED_CACHE:-/var/cache/calico-conductor-bed}
roots=
if [ "$(id -u)" -eq 0 ]; then
  for ready in "$cache"/*/.ready; do
    [ ! -e "$ready" ] || roots="$roots ${ready%/.ready}"
  done
fi
for root in / $roots; do
  for folder in "${root%/}"/usr/lib/rabbitmq/lib/rabbitmq_server-*; do
    [ ! -d "$folder" ] || echo "${folder##*-} $root"
  done
done | sort -V | awk '
  !($1 in line) { order[++count] = $1 }
  { line[$1] = $0 }
  END { for (i = 1; i <= count; i++) print line[order[i]] }'
