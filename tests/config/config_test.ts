import fc from "fast-check";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { type ConfigInput, formatEffective, resolveConfig } from "../../lib/config/resolve.ts";
import { OPTIONS } from "../../lib/config/options.ts";
import { parseConfigFile } from "../../lib/config/oslo_file.ts";

const resolve = (input: Partial<ConfigInput> = {}) =>
  resolveConfig({ flags: {}, env: { HOME: "/home/o" }, files: [], hostname: "ctl-1", ...input });

function refusal(input: Partial<ConfigInput>): ConfigError {
  try {
    resolve(input);
  } catch (error) {
    assert(error instanceof ConfigError, String(error));
    return error;
  }
  throw new Error("it was accepted");
}

const NEUTRON_CONF = `
[DEFAULT]
core_plugin = calico
transport_url = rabbit://openstack:pa#ss;word@ctl:5672/
# a comment
[calico]
etcd_host = 10.0.0.5
etcd_port = 4001
openstack_region = north
num_port_status_threads: 8
max_ingress_connections_per_port = 500
egress_burst_bits = 1000000
[keystone_authtoken]
auth_url = http://ctl:5000
username = neutron
password = "se cret"
project_name = service
`;
const file = { path: "neutron.conf", text: NEUTRON_CONF };

Deno.test("with nothing given, the lab is on and the configuration complete and frozen", () => {
  const { config } = resolve();
  assert(config.lab.enabled);
  assertEquals(config.etcd.endpoints, ["http://127.0.0.1:12379"]);
  assertEquals(config.openstack.authUrl, "http://127.0.0.1:9696/identity/v3");
  assertEquals(config.nodeName, "ctl-1");
  assert(Object.isFrozen(config) && Object.isFrozen(config.etcd.endpoints));
});

Deno.test("the Python driver's options at their own defaults do not stop us", () => {
  const text = `${NEUTRON_CONF}[calico]
resync_interval_secs = 0
resync_max_interval_secs = 0
etcd_compaction_period_mins = 60
etcd_compaction_min_revisions = 1000
num_port_status_threads = 4
max_ingress_connections_per_port = 0
ingress_minburst_bytes = 0
`;
  const { config, warnings } = resolve({ files: [{ path: "neutron.conf", text }] });
  assertEquals(config.sync.resyncIntervalSeconds, 60);
  assertEquals(config.sync.resyncMaxIntervalSeconds, 3600);
  assertEquals(warnings, [
    "neutron.conf: [calico] resync_interval_secs and [calico] resync_max_interval_secs have no " +
    "effect on the Python driver any more, nor here: see resync_interval and resync_max_interval",
  ]);
  const own = resolve({ files: [{ path: "neutron.conf", text }], flags: { resync_interval: "5" } });
  assertEquals(own.config.sync.resyncIntervalSeconds, 5);
});

Deno.test("address_pair_networks are networks", () => {
  const of = (address_pair_networks: string) => resolve({ flags: { address_pair_networks } });
  assertEquals(of("10.244.0.0/16, fd00::/8").config.sync.addressPairNetworks, [
    "10.244.0.0/16",
    "fd00::/8",
  ]);
  assertEquals(resolve().config.sync.addressPairNetworks, []);
  for (const bad of ["10.244.0.0/33", "pods", "10.0.0.0/8,"]) {
    assertMatch(refusal({ flags: { address_pair_networks: bad } }).message, /networks such as/);
  }
});

Deno.test("an operator's neutron.conf works as it is", () => {
  const { config, warnings } = resolve({ files: [file] });
  assertEquals(config.etcd.endpoints, ["http://10.0.0.5:4001"]);
  assertEquals(config.region, "north");
  assertEquals(config.status.portStatusThreads, 8);
  assertEquals(config.sync.qos, {
    ingress: { burstBits: 4294967296, minburstBytes: 0, burstPackets: 5, maxConnections: 500 },
    egress: { burstBits: 1000000, minburstBytes: 0, burstPackets: 5, maxConnections: 0 },
  });
  assertEquals(config.openstack.authUrl, "http://ctl:5000");
  assertEquals(config.openstack.credential, {
    method: "password",
    user: { name: "neutron", domain: { name: "Default" } },
    password: "se cret",
    project: { name: "service", domain: { name: "Default" } },
  });
  assertEquals(config.openstack.fromCatalogue, { neutron: true, nova: true });
  assertEquals(config.lab.enabled, false);
  assertEquals(warnings, []);
  assertEquals(config.bus?.exchange, "neutron");
  assertEquals(config.bus?.rpcTimeoutMs, 60_000);
});

Deno.test("a cloud without transport_url is warned about: no status is reported to it", () => {
  const { config, warnings } = resolve({ flags: { neutron_url: "http://n:9696" } });
  assertEquals([config.bus, config.lab.reportUrl], [null, null]);
  assertMatch(warnings[0]!, /transport_url is not given: no status .* is reported/);
});

Deno.test("transport URLs: the forms of oslo.messaging, and what is none", () => {
  const one = { host: "h", port: 5672, username: "u", password: "p w@/:" };
  assertEquals(parseTransportUrl("rabbit://u:p%20w%40%2F%3A@h:5672/"), {
    hosts: [one],
    virtualHost: "/",
    tls: false,
  });
  assertEquals(parseTransportUrl("rabbit://u:p@a:1,b,x:y@[::1]:3/v%2Fh?ssl=1"), {
    hosts: [
      { host: "a", port: 1, username: "u", password: "p" },
      // oslo.messaging gives each host the login beside it, and kombu guest's where there is none.
      { host: "b", port: 5672, username: "guest", password: "guest" },
      { host: "::1", port: 3, username: "x", password: "y" },
    ],
    virtualHost: "v/h",
    tls: true,
    query: { tls: true },
  });
  assertEquals(parseTransportUrl("RABBIT://u:p@ss%zz@h/a%252Fb?ssl=off&ssl_ca_file=%2Fca#x"), {
    hosts: [{ host: "h", port: 5672, username: "u", password: "p@ss%zz" }],
    virtualHost: "a/b",
    tls: false,
    query: { tls: false, caFile: "/ca" },
  });
  for (
    const bad of [
      "",
      "kafka://h",
      "rabbit://",
      "rabbit://u:p@h:99999/",
      "rabbit://u:p@h/?ssl=1&ssl=0",
      "rabbit://*.x/",
    ]
  ) {
    assertEquals(parseTransportUrl(bad), null, bad);
  }
});

Deno.test("a transport URL of another form is refused without being shown", () => {
  const error = refusal({ env: { CONDUCTOR_TRANSPORT_URL: "kafka://u:sesame@h" } });
  assertMatch(String(error), /transport_url/);
  assert(!String(error).includes("sesame"), String(error));
});

Deno.test("comment beats inside a value belong to it", () => {
  const values = parseConfigFile(NEUTRON_CONF);
  assertEquals(values.get("DEFAULT.transport_url"), "rabbit://openstack:pa#ss;word@ctl:5672/");
});

Deno.test("flags come before environment before files before defaults, later files first", () => {
  const later = { path: "b.conf", text: "[calico]\nopenstack_region = south\n" };
  const files = [file, later];
  assertEquals(resolve({ files }).config.region, "south");
  const env = { CONDUCTOR_REGION: "east", OS_USERNAME: "env-user" };
  assertEquals(resolve({ files, env }).config.region, "east");
  const { credential } = resolve({ files, env }).config.openstack;
  assert(credential?.method === "password" && "name" in credential.user);
  assertEquals(credential.user.name, "env-user");
  assertEquals(resolve({ files, env, flags: { region: "west" } }).config.region, "west");
});

Deno.test("a node that joins a lab uses it as the lab's own node does, and starts nothing of it", () => {
  const flags = { lab_etcd_port: "4001", lab_openstack_port: "4002" };
  const own = resolve({ flags }).config;
  const { config, warnings } = resolve({ flags: { ...flags, lab: "join" } });
  assertEquals({ ...config, lab: own.lab }, own);
  assertEquals([config.lab.enabled, own.lab.enabled], [false, true]);
  assertEquals(config.lab.reportUrl, "http://127.0.0.1:4002/lab/v1");
  assertEquals(warnings, []);
});

Deno.test("any etcd or OpenStack setting turns the lab off, and contradicts --lab on", () => {
  assertEquals(resolve({ flags: { etcd: ["10.0.0.1:2379"] } }).config.lab.enabled, false);
  assertEquals(resolve({ flags: { lab: "off", etcd: "a:1" } }).config.lab.enabled, false);
  for (const lab of ["on", "join"]) {
    assertMatch(refusal({ flags: { lab, etcd: ["a:1"] } }).message, /lab .*when etcd is given/);
  }
});

Deno.test("with the lab off, what listens on this machine by chance is no cloud", () => {
  for (const given of [{ flags: { lab: "off" } }, { env: { CONDUCTOR_LAB: "off" } }]) {
    assertMatch(refusal(given).message, /^lab .*off only with a cloud: give etcd/);
  }
});

const BAD: [string, string | string[], RegExp][] = [
  ["election_ttl", "soon", /election_ttl \(--election-ttl\): given "soon", allowed a whole number/],
  ["election_ttl", "2", /allowed a whole number from 3/],
  ["election_margin", "15", /less than election_ttl, which is 15 s/],
  ["election_refresh", "13", /less than election_ttl − election_margin, which is 13 s/],
  ["neutron_url", "ftp://x", /allowed a URL/],
  [
    "neutron_url",
    "http://*.example:9696",
    /given "http:\/\/\*\.example:9696", allowed a URL such as/,
  ],
  ["auth_url", "https://0.0.0.0:5000/v3", /auth_url .*allowed a URL such as/],
  ["etcd", ["a:1", "[::]:2379"], /allowed URLs such as/],
  ["listen", "*.example:9797", /an address and a port/],
  ["etcd", ["http://a:1", "https://b:2"], /of one scheme/],
  ["etcd", ["http://me:word@a:1"], /given "http:\/\/\(secret\)@a:1", allowed .* without a user/],
  ["etcd", ["a:1, me:wo@rd@b:1"], /given "a:1, \(secret\)@b:1"/],
  ["neutron_url", "ftp://me:wo@rd@x", /given "ftp:\/\/\(secret\)@x"/],
  [
    "neutron_url",
    "http://me:word@x:9696",
    /given "http:\/\/\(secret\)@x:9696", allowed .* without a user/,
  ],
  ["nova_url", "http:/me:word@x", /^nova_url \(--nova-url\): given "http:\/\(secret\)@x"/],
  ["auth_url", "https:me:word@x/v3", /given "\(secret\)@x\/v3"/],
  ["auth_url", "https://me:wo/rd,x@x/v3", /given "https:\/\/\(secret\)@x\/v3"/],
  ["auth_url", "https://me:wo rd@x/v3", /given a value, allowed/],
  ["etcd", ["https://a:1"], /etcd_ca_file/],
  ["listen", "9797", /an address and a port/],
  ["listen_tls_key", "/k.pem", /listen_tls_cert .*only together with listen_tls_key/],
  ["allowed_hosts", "http://x", /allowed_hosts .*names such as conductor\.example/],
  ["log_level", "loud", /debug \| info \| warn \| error/],
  ["region", "North!", /a DNS label of at most 46/],
  ["region", "a".repeat(47), /at most 46/],
  ["etcd_cert_file", "/x", /only together with etcd_key_file/],
  ["elector_name", "a:b", /no colon/],
];
for (const [name, value, message] of BAD) {
  Deno.test(`a bad ${name} (${value}) names option, source, given and allowed`, () => {
    assertMatch(refusal({ flags: { [name]: value } }).message, message);
  });
}

Deno.test("a region of 46 characters is accepted", () => {
  assertEquals(resolve({ flags: { region: "a".repeat(46) } }).config.region, "a".repeat(46));
});

Deno.test("IPv6 endpoints and bare host:port are understood", () => {
  const { config } = resolve({ flags: { etcd: ["[::1]:2379,http://10.0.0.1:2379/"] } });
  assertEquals(config.etcd.endpoints, ["http://[::1]:2379", "http://10.0.0.1:2379"]);
  const { host, port } = resolve({ flags: { listen: "[::1]:80" } }).config.diagnostics;
  assertEquals([host, port], ["::1", 80]);
});

Deno.test("the page's certificate and names are understood", () => {
  const { diagnostics } = resolve({
    flags: {
      listen_tls_cert: "/c.pem",
      listen_tls_key: "/k.pem",
      allowed_hosts: "A.example, b:443",
    },
  }).config;
  assertEquals(diagnostics.tls, { cert: "/c.pem", key: "/k.pem" });
  assertEquals(diagnostics.allowedHosts, ["a.example", "b:443"]);
});

Deno.test("no secret is ever printed, whatever it is", () => {
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9#;!]{12,30}$/), (secret) => {
    const env = {
      OS_PASSWORD: secret,
      CONDUCTOR_ETCD_PASSWORD: secret,
      CONDUCTOR_TRANSPORT_URL: `rabbit://u:${secret}@h/`,
    };
    assert(!formatEffective(resolve({ env }).effective).includes(secret));
    const bad = { ...env, CONDUCTOR_NEUTRON_URL: `ftp://u:${secret}@h` };
    assert(!refusal({ env: bad }).message.includes(secret));
  }));
});

Deno.test("every effective value tells its source", () => {
  const text = formatEffective(resolve({ files: [file], env: { OS_USERNAME: "me" } }).effective);
  assertMatch(text, /region +\S* *= north {2}\(neutron\.conf \[calico\] openstack_region\)/);
  assertMatch(text, /username +\S* *= me {2}\(OS_USERNAME\)/);
  assertMatch(text, /election_ttl +\S* *= 15 {2}\(default\)/);
});

Deno.test("notifications: topics and bus of an operator's neutron.conf; none: nobody listens", () => {
  const text = (more: string) =>
    `[DEFAULT]\ntransport_url = rabbit://u:p@10.0.0.5:5672/\n[oslo_messaging_notifications]\n${more}`;
  const of = (more: string) =>
    resolveConfig({
      flags: {},
      env: { CONDUCTOR_NEUTRON_URL: "http://10.0.0.3:9696", CONDUCTOR_STATE_DIR: "/s" },
      files: [{ path: "neutron.conf", text: text(more) }],
      hostname: "n",
    }).config.notifications;
  assertEquals(of("driver = messagingv2")!.topics, ["notifications"]);
  assertEquals(of("driver = messagingv2")!.bus.hosts[0]!.host, "10.0.0.5");
  assertEquals(of("topics = one, other")!.topics, ["one", "other"]);
  assertEquals(of("transport_url = rabbit://v:q@10.0.0.6:5673/n")!.bus.hosts[0]!.port, 5673);
  assertEquals(of("topics = none"), null);
});

Deno.test("no option that is a URL takes one with a user, wherever it comes from, and none is shown", () => {
  const urls = OPTIONS.filter(({ kind }) => kind.allowed.startsWith("a URL"));
  assertEquals(urls.map(({ name }) => name), ["neutron_url", "nova_url", "auth_url"]);
  for (const { name, env: [own, ...others], ini } of urls) {
    for (const bare of ["http://me:hidden@h:1/v3", "http://hidden@h:1", "https://me:hid/den@h"]) {
      const said = [
        ...[own, ...others].map((env) => refusal({ env: { [env]: bare } })),
        ...ini.map((place) => {
          const [section, key] = place.split(".");
          const text = `[${section}]\n${key} = ${bare}\n`;
          return refusal({ files: [{ path: "neutron.conf", text }] });
        }),
      ];
      for (const { message } of said) {
        assert(message.startsWith(`${name} (`), message);
        assert(!/hid\/?den/.test(message), message);
      }
    }
  }
});

Deno.test("a collector's URL with a user is refused when anything is to be sent there, and not shown", () => {
  for (const name of ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]) {
    const env = { OTEL_DENO: "true", [name]: "http://me:hidden@collector:4318" };
    const { message } = refusal({ env });
    assert(message.startsWith(`${name} in the environment: given a URL with a user`), message);
    assert(!message.includes("hidden"), message);
    assert(resolve({ env: { ...env, OTEL_DENO: undefined } }).config.lab.enabled);
  }
});
