#!/bin/sh
# uWSGI keeps a query string twice (in REQUEST_URI and in QUERY_STRING). With its default buffer of 4 KiB
# one that fits once and not twice is left out: the application sees an empty QUERY_STRING and answers
# 200, as if no filter had been given. A list of ports by 60 ids is then a list of all ports.
#
# Version: pyuwsgi 2.0.28.post1 (uWSGI 2.0.28) with Python 3. Seen on 2026-11-27:
#   ids=30 sent=1199 status=200 seen=1199
#   ids=60 sent=2399 status=200 seen=0
#   ids=60 sent=2399 status=200 seen=2399 (buffer-size 32768)
# Only uWSGI's own log tells ("unable to add QUERY_STRING=… to uwsgi packet").
#
# OpenStack's services run under uWSGI by default since 2025.1, and their documentation does not set
# `buffer-size`. So ask for few ids at a time, and look whether the answer has what was not asked for.
#
# Exit code 0: it is still so. Needs python3 with venv, curl, and PyPI.
set -eu
version=2.0.28.post1
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT INT TERM
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pyuwsgi==$version"

# Answers with how much of the query it was given.
cat >"$folder/app.py" <<'PY'
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(environ.get("QUERY_STRING", ""))).encode()]
PY
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# serve OPTION…: starts uWSGI and waits until it answers.
serve() {
  "$folder/venv/bin/uwsgi" --http-socket "127.0.0.1:$port" --wsgi-file "$folder/app.py" \
    --master --die-on-term --disable-logging "$@" >"$folder/log" 2>&1 &
  server=$!
  tries=0
  until curl -s -o /dev/null "http://127.0.0.1:$port/"; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { cat "$folder/log"; exit 1; }
    sleep 0.2
  done
}

stop() {
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=
}

# look COUNT: asks for so many ids; prints what was sent and what the application saw.
look() {
  query=$(python3 -c "print('&'.join('id=%036d' % i for i in range($1)))")
  answer=$(curl -s -m 10 -w ' %{http_code}' "http://127.0.0.1:$port/v2.0/ports?$query" || true)
  echo "ids=$1 sent=${#query} status=${answer#* } seen=${answer% *}"
}

serve
few=$(look 30)
many=$(look 60)
stop
serve --buffer-size 32768
roomy=$(look 60)
stop
printf '%s\n%s\n%s (buffer-size 32768)\n' "$few" "$many" "$roomy"
[ "$few" = "ids=30 sent=1199 status=200 seen=1199" ] &&
  [ "$many" = "ids=60 sent=2399 status=200 seen=0" ] &&
  [ "$roomy" = "ids=60 sent=2399 status=200 seen=2399" ]
