#!/bin/sh
# A watch that begins at the revision of a deletion does not tell of it when etcd was compacted at that very
# revision. It is neither refused as compacted nor told: whoever resumes behind the last event seen, as the
# documentation advises, keeps a key that is gone.
#
# Version: etcd 3.4.23. Seen on 2026-11-27:
#   3.4.23: compacted just before it: DELETE. compacted at it: nothing
#   3.5.16, 3.5.30, 3.6.16: compacted just before it: DELETE. compacted at it: DELETE
#
# So resume at the last revision that was seen, and expect its event back; when it does not come, read again.
#
# Exit code 0: it is still so. Needs curl and Debian 12's packages (or ETCD, an etcd 3.4.23).
set -eu
version=3.4.23
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT INT TERM
etcd=${ETCD:-$folder/root/usr/bin/etcd}
if [ -z "${ETCD:-}" ]; then
  (cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download "etcd-server=$version*" && dpkg-deb -x etcd-server_*.deb root)
fi

# post METHOD BODY: over etcd's JSON gateway.
post() {
  curl -s -m 10 "$url/v3/$1" -d "$2"
}

revision_of() {
  sed -n 's/.*"revision":"\([0-9]*\)".*/\1/p'
}

start() {
  "$etcd" --data-dir "$folder/data" --listen-client-urls "$url" --advertise-client-urls "$url" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" \
    >"$folder/log" 2>&1 &
  server=$!
  tries=0
  until post kv/range '{"key":"eA=="}' | grep -q revision; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { tail "$folder/log"; exit 1; }
    sleep 0.1
  done
}

stop() {
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=
}

# look BEFORE: a key is deleted, another written, etcd compacted so many revisions before the deletion; prints what
# a watch from the deletion's revision tells before the other key's write.
look() {
  port=$((20000 + $$ % 10000))
  url=http://127.0.0.1:$port
  peer=http://127.0.0.1:$((port + 1))
  rm -rf "$folder/data"
  start
  post kv/put '{"key":"YQ==","value":""}' >"$folder/answer"
  deleted=$(post kv/deleterange '{"key":"YQ=="}' | revision_of)
  post kv/put '{"key":"Yg==","value":""}' >"$folder/answer"
  post kv/compaction "{\"revision\":\"$((deleted - $1))\",\"physical\":true}" >"$folder/answer"
  # Nothing is to be told from memory.
  stop
  start
  all='"key":"AA==","range_end":"AA=="'
  curl -s -N -m 3 "$url/v3/watch" -d "{\"create_request\":{$all,\"start_revision\":\"$deleted\"}}" \
    >"$folder/events" || true
  stop
  grep -q '"Yg=="' "$folder/events" || { cat "$folder/events"; exit 1; }
  if grep -q DELETE "$folder/events"; then echo DELETE; else echo nothing; fi
}

before=$(look 1)
at=$(look 0)
echo "$("$etcd" --version | sed -n 's/^etcd Version: //p'): compacted just before it: $before. compacted at it: $at"
[ "$before" = DELETE ] && [ "$at" = nothing ]
