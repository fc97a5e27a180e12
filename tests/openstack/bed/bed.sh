#!/usr/bin/env bash
# A real OpenStack network in one directory, for the tests: MariaDB, RabbitMQ, Keystone and
# neutron-server with contrib/ml2-calico-bind, on free ports of 127.0.0.1.
#
#   bed.sh up DIR           starts what does not run yet; a DIR that is not there begins from nothing.
#                           Prints DIR/bed.json's path when all of it answers.
#   bed.sh stop DIR NAME    ends one of: neutron keystone rabbitmq mariadb
#   bed.sh start DIR NAME   starts it again and waits until it answers
#   bed.sh rabbitmqctl DIR ARGUMENTS…
#   bed.sh run DIR COMMAND…   runs it among the release's packages; it sees the project and DIR
#   bed.sh down DIR         ends all of them and removes DIR
#
# RELEASE: zed (default), 2025.1, 2026.1 or 2026.2; a DIR keeps that with which it began. The packages
# must be there: release.sh install RELEASE.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
command=${1:?up, down, start, stop, rabbitmqctl or run}
mkdir -p "${2:?a directory}"
dir=$(cd "$2" && pwd)
[ -s "$dir/release" ] || echo "${RELEASE:-zed}" >"$dir/release"
release=$(cat "$dir/release")
# Every program of the release is started by this.
inside=(bash "$here/release.sh" run "$release" "$dir" --)
# Debian's, which has Neutron; another may come first on the PATH.
py=/usr/bin/python3
rabbit=/usr/lib/rabbitmq/bin
mkdir -p "$dir"/{run,log,etc,py,lock,rabbit,keystone/fernet,keystone/receipts,keystone/credential}
chmod 700 "$dir"/keystone/*
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$dir/py"

# ---- processes --------------------------------------------------------------------------------

alive() { [ -s "$dir/run/$1.pid" ] && kill -0 "$(cat "$dir/run/$1.pid")" 2>/dev/null; }

# spawn NAME COMMAND…: in a process group of its own, with its pid on record.
spawn() {
  local name=$1
  shift
  BED_NAMESPACE=$dir/run/$name.ns setsid "${inside[@]}" "$@" >>"$dir/log/$name.log" 2>&1 </dev/null &
  echo $! >"$dir/run/$name.pid"
}

# wait_for SECONDS NAME COMMAND…: so many, times TEST_TIME_FACTOR.
wait_for() {
  local factor=${TEST_TIME_FACTOR:-1}
  factor=${factor%%.*}
  [ "${factor:-0}" -ge 1 ] || factor=1
  local end=$(($(date +%s) + $1 * factor)) name=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! alive "$name" || [ "$(date +%s)" -ge "$end" ]; then
      echo "$name does not come up; the end of $dir/log/$name.log:" >&2
      tail -n 30 "$dir/log/$name.log" >&2
      exit 1
    fi
    sleep 0.2
  done
}

# members NAME: the processes of its group, and of its mount namespace: some programs begin groups of
# their own.
members() {
  local pid namespace
  pid=$(cat "$dir/run/$1.pid")
  namespace=$(cat "$dir/run/$1.ns" 2>/dev/null || echo none)
  ps -e -o pid= -o pgid= | awk -v group="$pid" '$2 == group { print $1 }'
  { stat -L -c '%i %n' /proc/[0-9]*/ns/mnt 2>/dev/null || true; } | # some end meanwhile
    awk -F '[ /]' -v own="$namespace" '$1 == own { print $4 }'
}

stop_one() {
  local pid left
  [ -s "$dir/run/$1.pid" ] || return 0
  pid=$(cat "$dir/run/$1.pid")
  kill -TERM -- "-$pid" 2>/dev/null || true
  for _ in $(seq 1 100); do
    left=$(members "$1")
    [ -n "$left" ] || break
    sleep 0.1
  done
  # shellcheck disable=SC2086 # several
  [ -z "$left" ] || kill -KILL $left 2>/dev/null || true
  # Who starts it again needs its ports.
  for _ in $(seq 1 100); do
    [ -n "$left" ] || break
    sleep 0.1
    left=$(members "$1")
  done
  rm -f "$dir/run/$1.pid" "$dir/run/$1.ns"
}

ports() {
  "${inside[@]}" "$py" - <<'EOF'
import socket
names = "DB_PORT AMQP_PORT DIST_PORT EPMD_PORT KEYSTONE_PORT NEUTRON_PORT".split()
held = [socket.create_server(("127.0.0.1", 0)) for _ in names]
for name, one in zip(names, held):
    print("%s=%d" % (name, one.getsockname()[1]))
EOF
}
[ -s "$dir/ports" ] || ports >"$dir/ports"
. "$dir/ports"
keystone_url=http://127.0.0.1:$KEYSTONE_PORT/v3
neutron_url=http://127.0.0.1:$NEUTRON_PORT
bus_url=rabbit://guest:guest@127.0.0.1:$AMQP_PORT/
# shellcheck source=tests/openstack/bed/configs.sh
. "$here/configs.sh"

# has FILE: whether the release has it.
has() { "${inside[@]}" test -e "$1"; }

# ---- MariaDB ----------------------------------------------------------------------------------

sock=$dir/run/mariadb.sock
sql() { "${inside[@]}" mariadb --no-defaults -S "$sock" -u "$(id -un)" -N -B -e "$1"; }

start_mariadb() {
  alive mariadb && return
  if [ ! -d "$dir/mariadb/mysql" ]; then
    "${inside[@]}" mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$dir/mariadb" \
      --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" \
      --skip-test-db >"$dir/log/mariadb-install.log" 2>&1
  fi
  spawn mariadb /usr/sbin/mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/mariadb" \
    --socket="$sock" --pid-file="$dir/run/mariadb.own" --bind-address=127.0.0.1 --port="$DB_PORT" \
    --skip-name-resolve --character-set-server=utf8mb3 --collation-server=utf8mb3_general_ci \
    --innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=0 --max-connections=300 \
    --skip-log-bin
  wait_for 60 mariadb sql "SELECT 1"
  for name in neutron keystone; do
    sql "CREATE DATABASE IF NOT EXISTS $name CHARACTER SET utf8mb3;
         CREATE USER IF NOT EXISTS '$name'@'127.0.0.1' IDENTIFIED BY '$name';
         GRANT ALL ON $name.* TO '$name'@'127.0.0.1';"
  done
}

# ---- RabbitMQ ---------------------------------------------------------------------------------

rabbit_env=(env "HOME=$dir/rabbit" ERL_EPMD_ADDRESS=127.0.0.1 "ERL_EPMD_PORT=$EPMD_PORT"
  "RABBITMQ_NODENAME=bed$AMQP_PORT@localhost" "RABBITMQ_CONF_ENV_FILE=$dir/rabbit/env.conf"
  "RABBITMQ_CONFIG_FILE=$dir/rabbit/rabbitmq" "RABBITMQ_ENABLED_PLUGINS_FILE=$dir/rabbit/plugins"
  "RABBITMQ_MNESIA_BASE=$dir/rabbit/mnesia" "RABBITMQ_LOG_BASE=$dir/log"
  "RABBITMQ_PID_FILE=$dir/run/rabbitmq.own" "RABBITMQ_DIST_PORT=$DIST_PORT"
  "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}")

start_rabbitmq() {
  alive rabbitmq && return
  printf 'listeners.tcp.1 = 127.0.0.1:%s\nloopback_users.guest = true\n' "$AMQP_PORT" \
    >"$dir/rabbit/rabbitmq.conf"
  echo '[].' >"$dir/rabbit/plugins"
  : >"$dir/rabbit/env.conf"
  spawn rabbitmq "${rabbit_env[@]}" "$rabbit/rabbitmq-server"
  wait_for 90 rabbitmq "${inside[@]}" "${rabbit_env[@]}" "$rabbit/rabbitmqctl" -q await_startup --timeout 5
}

# ---- Keystone ---------------------------------------------------------------------------------

keystone_manage() { "${inside[@]}" "$py" /usr/bin/keystone-manage --config-file "$dir/etc/keystone.conf" "$@"; }

init_keystone() {
  keystone_conf
  keystone_manage db_sync
  keystone_manage fernet_setup --keystone-user "$(id -un)" --keystone-group "$(id -gn)"
  keystone_manage credential_setup --keystone-user "$(id -un)" --keystone-group "$(id -gn)"
  keystone_manage bootstrap --bootstrap-password admin --bootstrap-region-id RegionOne \
    --bootstrap-admin-url "$keystone_url/" --bootstrap-internal-url "$keystone_url/" \
    --bootstrap-public-url "$keystone_url/"
}

start_keystone() {
  alive keystone && return
  local keystone_app=(--module keystone.wsgi.api:application)
  if has /usr/bin/keystone-wsgi-public; then
    keystone_app=(--wsgi-file /usr/bin/keystone-wsgi-public)
  fi
  OS_KEYSTONE_CONFIG_FILES="$dir/etc/keystone.conf" spawn keystone uwsgi_python3 --master \
    --workers 1 --threads 4 --enable-threads --lazy-apps --http-socket "127.0.0.1:$KEYSTONE_PORT" \
    "${keystone_app[@]}" --buffer-size 65535 --socket-timeout 120 --die-on-term
  wait_for 90 keystone curl -fsS -m 20 "$keystone_url"
}

# ---- Neutron ----------------------------------------------------------------------------------

# The way an operator installs it, from a copy: building leaves files behind.
install_driver() {
  cp -r "$root/contrib/ml2-calico-bind" "$dir/ml2-calico-bind"
  "${inside[@]}" "$py" -m pip install -q --no-deps --no-build-isolation --no-index --no-compile \
    --disable-pip-version-check --root-user-action=ignore --target "$dir/py" \
    "$dir/ml2-calico-bind" >"$dir/log/pip.log" 2>&1
  rm -rf "$dir/ml2-calico-bind"
}

neutron_manage() {
  "${inside[@]}" "$py" /usr/bin/neutron-db-manage --config-file "$dir/etc/neutron.conf" \
    --config-file "$dir/etc/ml2.ini" "$@"
}

start_neutron() {
  alive neutron && return
  local configs=(--config-file "$dir/etc/neutron.conf" --config-file "$dir/etc/ml2.ini")
  if has /usr/bin/neutron-server; then
    spawn neutron "$py" /usr/bin/neutron-server "${configs[@]}"
  else
    uwsgi_conf
    spawn neutron bash "$here/together.sh" "$py" /usr/bin/neutron-rpc-server "${configs[@]}" -- \
      "$py" /usr/bin/neutron-periodic-workers "${configs[@]}" -- uwsgi_python3 --ini "$dir/etc/neutron-api.ini"
  fi
  wait_for 120 neutron curl -fsS -m 20 "$neutron_url/"
}

# ---- all of it --------------------------------------------------------------------------------

# run_logged NAME COMMAND…: shows the log only when it fails.
run_logged() {
  local log=$dir/log/$1.log
  shift
  "$@" >>"$log" 2>&1 || { tail -n 30 "$log" >&2; return 1; }
}

init() {
  [ -e "$dir/run/initialised" ] && return
  neutron_conf
  run_logged keystone-init init_keystone &
  local keystone=$!
  run_logged pip install_driver
  run_logged neutron-db neutron_manage upgrade heads
  wait "$keystone"
  touch "$dir/run/initialised"
}

up() {
  start_mariadb
  start_rabbitmq &
  local broker=$!
  init
  start_keystone
  if [ ! -e "$dir/run/keystone-filled" ]; then
    run_logged keystone-init "${inside[@]}" "$py" "$here/keystone_setup.py" "$keystone_url" "$neutron_url"
    touch "$dir/run/keystone-filled"
  fi
  wait "$broker"
  start_neutron
  cat >"$dir/bed.json" <<EOF
{
  "dir": "$dir",
  "release": "$release",
  "keystoneUrl": "$keystone_url",
  "neutronUrl": "$neutron_url",
  "transportUrl": "$bus_url",
  "neutronConf": "$dir/etc/neutron.conf",
  "databaseSocket": "$sock"
}
EOF
  echo "$dir/bed.json"
}

down() {
  for name in neutron keystone rabbitmq mariadb; do stop_one "$name"; done
  "${inside[@]}" epmd -port "$EPMD_PORT" -kill >/dev/null 2>&1 || true
  rm -rf "$dir"
}

case "$command" in
  up) up ;;
  down) down ;;
  start) "start_${3:?a name}" ;;
  stop) stop_one "${3:?a name}" ;;
  rabbitmqctl)
    shift 2
    "${inside[@]}" "${rabbit_env[@]}" "$rabbit/rabbitmqctl" -q "$@"
    ;;
  run)
    shift 2
    exec "${inside[@]}" "$@"
    ;;
  *)
    echo "usage: bed.sh up|down|start|stop|rabbitmqctl|run DIR [NAME…]" >&2
    exit 2
    ;;
esac
