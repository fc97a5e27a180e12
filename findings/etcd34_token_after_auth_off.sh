#!/bin/sh
# Turning authentication off locks out whoever was logged in: a call that still carries its token is refused as
# "invalid auth token", where one without a token is answered. A new token cannot be had either:
# logins are refused as well, so a client that is configured with a user stays outside until it sends none.
#
# Version: etcd 3.4.23. Seen on 2026-11-27:
#   3.4.23: with the token: invalid auth token. Without: answered. A new login: authentication is not enabled
#   3.5.16: with the token: answered. Without: answered. A new login: answered
#
# So a refused token is tried once as none: users turned off in an emergency must not end what writes to etcd.
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

port=$((20000 + $$ % 10000))
url=http://127.0.0.1:$port
peer=http://127.0.0.1:$((port + 1))
"$etcd" --data-dir "$folder/data" --listen-client-urls "$url" --advertise-client-urls "$url" \
  --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" \
  >"$folder/log" 2>&1 &
server=$!

# post METHOD BODY [TOKEN]: over etcd's JSON gateway.
post() {
  curl -s -m 10 ${3:+-H "Authorization: $3"} "$url/v3/$1" -d "$2"
}
# said: what etcd answered, in a word or in its own.
said() {
  answer=$(cat)
  case $answer in
    *'"error":"'*) echo "$answer" | sed -E 's/.*"error":"(etcdserver: )?([^"]*)".*/\2/; s/.*desc = (etcdserver: )?//' ;;
    *) echo answered ;;
  esac
}

tries=0
until post kv/range '{"key":"eA=="}' | grep -q revision; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { tail "$folder/log"; exit 1; }
  sleep 0.1
done
login='{"name":"root","password":"example"}'
{
  post auth/user/add "$login"
  post auth/role/add '{"name":"root"}'
  post auth/user/grant '{"user":"root","role":"root"}'
  post auth/enable '{}'
} >"$folder/answers"
token=$(post auth/authenticate "$login" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
[ "$(post kv/range '{"key":"eA=="}' "$token" | said)" = answered ]
post auth/disable '{}' "$token" >"$folder/answer"

with=$(post kv/range '{"key":"eA=="}' "$token" | said)
without=$(post kv/range '{"key":"eA=="}' | said)
again=$(post auth/authenticate "$login" | said)
echo "$("$etcd" --version | sed -n 's/^etcd Version: //p'): with the token: $with. Without: $without. A new login: $again"
[ "$with" = "invalid auth token" ] && [ "$without" = answered ] && [ "$again" = "authentication is not enabled" ]
