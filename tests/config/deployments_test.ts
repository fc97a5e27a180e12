/** neutron.conf as the tools lay it out that deploy Neutron, by their templates; docs/deploying.md names them. @module */
import { assert, assertEquals } from "../support/assert.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";

const KOLLA = `# neutron.conf
[DEFAULT]
debug = False
log_dir = /var/log/kolla/neutron
use_stderr = False
bind_host = 10.0.0.11
bind_port = 9696
api_paste_config = /etc/neutron/api-paste.ini
core_plugin = calico
transport_url = rabbit://openstack:Zo9xhidden@10.0.0.11:5672,openstack:Zo9xhidden@10.0.0.12:5672//

[nova]
auth_url = http://10.0.0.10:5000
auth_type = password
region_name = RegionOne
endpoint_type = internal
cafile =

[keystone_authtoken]
service_type = network
www_authenticate_uri = http://10.0.0.10:5000
auth_url = http://10.0.0.10:5000
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = neutron
password = hidden
cafile = /etc/ssl/certs/ca-certificates.crt
region_name = RegionOne
memcache_security_strategy = ENCRYPT
memcached_servers = 10.0.0.11:11211,10.0.0.12:11211
memcache_use_advanced_pool = True

[oslo_messaging_notifications]
transport_url = rabbit://openstack:Zo9xhidden@10.0.0.11:5672,openstack:Zo9xhidden@10.0.0.12:5672//
driver = messagingv2
topics = notifications,notifications_designate

[oslo_messaging_rabbit]
heartbeat_in_pthread = false
rabbit_quorum_queue = true

[calico]
openstack_region = north
`;

const OPENSTACK_ANSIBLE = `# Ansible managed

# General, applies to all host groups
[DEFAULT]
use_stderr = False
use_journal = True
executor_thread_pool_size = 64
rpc_response_timeout = 60
transport_url = rabbit://neutron:hid%2Fden@172.29.236.11:5671,neutron:hid%2Fden@172.29.236.12:5671//neutron?ssl=1&ssl_version=TLSv1_2&ssl_ca_file=/etc/ssl/certs/ca-certificates.crt
core_plugin = calico
auth_strategy = keystone

[keystone_authtoken]
insecure = False
auth_type = password
auth_url = https://172.29.236.9:5000/v3
www_authenticate_uri = https://172.29.236.9:5000
project_domain_id = default
user_domain_id = default
project_name = service
username = neutron
password = hidden
region_name = RegionOne
memcached_servers = 172.29.236.11:11211

[oslo_messaging_rabbit]
rpc_conn_pool_size = 30
heartbeat_in_pthread = True

[oslo_messaging_notifications]
topics =
driver = noop
transport_url = rabbit://neutron:hidden@172.29.236.11:5671//neutron?ssl=1&ssl_ca_file=/etc/ssl/certs/ca-certificates.crt
`;

const OWN = { path: "calico-conductor.conf", text: "[conductor]\netcd = http://10.0.0.11:2379\n" };

function read(text: string) {
  const files = [{ path: "neutron.conf", text }, OWN];
  const { config, warnings } = resolveConfig({ flags: {}, env: {}, files, hostname: "ctl" });
  assert(!/hid/.test(warnings.join("\n")));
  const { credential } = config.openstack;
  assertEquals(credential?.method, "password");
  assertEquals(config.lab.enabled, false);
  assertEquals(config.etcd.endpoints, ["http://10.0.0.11:2379"]);
  return { config, warnings, credential };
}

Deno.test("Kolla-Ansible's neutron.conf: login, region, bus and notifications", () => {
  const { config, warnings } = read(KOLLA);
  assertEquals(config.region, "north");
  assertEquals(config.bus!.hosts.map(({ host, port }) => `${host}:${port}`), [
    "10.0.0.11:5672",
    "10.0.0.12:5672",
  ]);
  assertEquals([config.bus!.virtualHost, config.bus!.tls], ["/", false]);
  assertEquals(config.notifications!.topics, ["notifications", "notifications_designate"]);
  assertEquals(warnings, []);
});

Deno.test("OpenStack-Ansible's neutron.conf: TLS and the CA in the URL, no topics", () => {
  const { config, warnings } = read(OPENSTACK_ANSIBLE);
  const { virtualHost, tls, caFile } = config.bus!;
  assertEquals([virtualHost, tls, caFile], [
    "/neutron",
    true,
    "/etc/ssl/certs/ca-certificates.crt",
  ]);
  assertEquals(config.notifications!.topics, ["notifications"]);
  assertEquals(warnings, []);
});
