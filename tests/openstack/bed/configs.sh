# The configuration files of the bed's services, below $dir/etc: a part of bed.sh.
# shellcheck shell=bash disable=SC2154 # dir, root and the addresses are bed.sh's

keystone_conf() {
  cat >"$dir/etc/keystone.conf" <<EOF
[DEFAULT]
log_file =
use_stderr = true
[database]
connection = mysql+pymysql://keystone:keystone@127.0.0.1:$DB_PORT/keystone
[token]
provider = fernet
[fernet_tokens]
key_repository = $dir/keystone/fernet
[fernet_receipts]
key_repository = $dir/keystone/receipts
[credential]
key_repository = $dir/keystone/credential
[oslo_policy]
policy_dirs = $root/contrib/policy/keystone
[cache]
enabled = true
backend = dogpile.cache.memory
EOF
}

neutron_conf() {
  # What is granted differs by release; one that needs no file of its own has the common one.
  local policies=$root/contrib/policy/neutron
  if [ -d "$policies/$release" ]; then policies=$policies/$release; fi
  cat >"$dir/etc/neutron.conf" <<EOF
[DEFAULT]
auth_strategy = keystone
core_plugin = ml2
service_plugins = router,qos,port_forwarding
api_paste_config = $dir/etc/api-paste.ini
state_path = $dir
bind_host = 127.0.0.1
bind_port = $NEUTRON_PORT
api_workers = 2
rpc_workers = 1
rpc_state_report_workers = 0
dns_domain = bed.example.
transport_url = $bus_url
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
dhcp_agent_notification = false
max_allowed_address_pair = 20
agent_down_time = 75
[database]
connection = mysql+pymysql://neutron:neutron@127.0.0.1:$DB_PORT/neutron
max_pool_size = 20
max_overflow = 40
[oslo_concurrency]
lock_path = $dir/lock
[oslo_messaging_notifications]
driver = messagingv2
topics = notifications
[oslo_policy]
policy_dirs = $policies
[quotas]
$(for what in network subnet port router floatingip security_group security_group_rule; do
    echo "quota_$what = -1"
  done)
[keystone_authtoken]
www_authenticate_uri = $keystone_url
auth_url = $keystone_url
auth_type = password
username = neutron
password = neutron
project_name = service
user_domain_name = Default
project_domain_name = Default
region_name = RegionOne
# A revoked token is noticed within this time.
token_cache_time = 5
EOF
  cat >"$dir/etc/ml2.ini" <<EOF
[ml2]
type_drivers = local,flat
tenant_network_types = local
mechanism_drivers = calico_bind
extension_drivers = port_security,qos,dns,data_plane_status
external_network_type = flat
[ml2_type_flat]
flat_networks = *
[securitygroup]
enable_security_group = true
EOF
  local paste=/usr/share/neutron-common/api-paste.ini
  has "$paste" || paste=/etc/neutron/api-paste.ini
  "${inside[@]}" cp "$paste" "$dir/etc/api-paste.ini"
}

# The API under uWSGI, as releases have it that have no neutron-server any more.
uwsgi_conf() {
  cat >"$dir/etc/neutron-api.ini" <<CONF
[uwsgi]
plugins = python3
master = true
processes = 2
threads = 1
enable-threads = true
lazy-apps = true
thunder-lock = true
die-on-term = true
buffer-size = 65535
rem-header = Content-Length
add-header = Connection: close
http-socket = 127.0.0.1:$NEUTRON_PORT
module = neutron.wsgi.api:application
start-time = %t
env = OS_NEUTRON_CONFIG_FILES=$dir/etc/neutron.conf;$dir/etc/ml2.ini
CONF
}
