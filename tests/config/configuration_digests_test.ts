import { configurationDigests } from "../../lib/config/configuration_digests.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { configurationSchema } from "../../lib/state/records.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";

const BASE = {
  HOME: "/home/o",
  CONDUCTOR_STATE_DIR: "/state",
  CONDUCTOR_ETCD: "http://10.0.0.1:2379",
  CONDUCTOR_AUTH_URL: "http://10.0.0.2:5000/v3",
  CONDUCTOR_USERNAME: "neutron",
  CONDUCTOR_PASSWORD: "secret",
  CONDUCTOR_PROJECT_NAME: "service",
  CONDUCTOR_TRANSPORT_URL: "rabbit://u:secret@10.0.0.5:5672,u:secret@10.0.0.6:5672/",
};
const of = (changes: Record<string, string> = {}, without: string[] = []) => {
  const env = Object.fromEntries(
    Object.entries({ ...BASE, ...changes }).filter(([name]) => !without.includes(name)),
  );
  return configurationDigests(resolveConfig({ flags: {}, env, files: [], hostname: "h" }).config);
};

/** Names of what differs. */
function differing(a: ReturnType<typeof of>, b: ReturnType<typeof of>): string[] {
  const sections = Object.keys(a.sections).filter((name) => a.sections[name] !== b.sections[name]);
  return [...a.region === b.region ? [] : ["region"], ...sections];
}

Deno.test("what two nodes of one cloud must have alike is in the digests, section by section", () => {
  const base = of();
  const cases: [Record<string, string>, string[]][] = [
    [{ CONDUCTOR_REGION: "one" }, ["region"]],
    [{ CONDUCTOR_ELECTION_TTL: "30" }, ["election"]],
    [{ CONDUCTOR_AUTH_URL: "http://10.0.0.9:5000/v3" }, ["keystone"]],
    [{ CONDUCTOR_OS_REGION_NAME: "two" }, ["keystone"]],
    [{ CONDUCTOR_NEUTRON_URL: "http://10.0.0.3:9696" }, ["neutron"]],
    [{ CONDUCTOR_NOVA_URL: "http://10.0.0.4:8774/v2.1" }, ["nova"]],
    [{ CONDUCTOR_NOTIFICATION_TOPICS: "none" }, ["notifications"]],
    [{ CONDUCTOR_MAX_DELETIONS: "7" }, ["sync"]],
    [{ CONDUCTOR_STARTUP_RESYNC: "never" }, ["sync"]],
    [{ CONDUCTOR_COMPACTION_PERIOD: "10" }, ["compaction"]],
  ];
  for (const [changes, expected] of cases) {
    assertEquals(differing(base, of(changes)), expected, JSON.stringify(changes));
  }
  const login = ["CONDUCTOR_AUTH_URL", "CONDUCTOR_USERNAME", "CONDUCTOR_PASSWORD"];
  const none = of({}, [...login, "CONDUCTOR_PROJECT_NAME", "CONDUCTOR_TRANSPORT_URL"]);
  assertEquals([none.sections.keystone, none.sections.bus, none.sections.notifications], [
    "none",
    "none",
    "none",
  ]);
});

Deno.test("what is a host's own, and what is secret, is not in them", () => {
  const base = of();
  const own: Record<string, string>[] = [
    { CONDUCTOR_NODE_NAME: "other" },
    { CONDUCTOR_STATE_DIR: "/elsewhere" },
    { CONDUCTOR_LISTEN: "10.0.0.7:9798" },
    { CONDUCTOR_ELECTOR_NAME: "other" },
    { CONDUCTOR_ETCD: "http://10.0.0.8:2379" },
    { CONDUCTOR_ETCD_USERNAME: "u", CONDUCTOR_ETCD_PASSWORD: "p" },
    { CONDUCTOR_OS_CACERT: "/etc/ca.pem" },
    { CONDUCTOR_BUS_CA_FILE: "/etc/ca.pem" },
    { CONDUCTOR_API_TOKEN: "t" },
    { CONDUCTOR_PASSWORD: "another" },
    { CONDUCTOR_TRANSPORT_URL: "rabbit://v:another@10.0.0.6:5672,v:another@10.0.0.5:5672/" },
    { CONDUCTOR_LOG_LEVEL: "debug" },
  ];
  for (const changes of own) assertEquals(of(changes), base, JSON.stringify(changes));
});

Deno.test("no digest is made of a secret: the same comes of any of them", () => {
  const secrets = (text: string): Config => {
    const config = testConfig();
    const { openstack } = config;
    const user = { name: "u", domain: { name: "Default" } };
    return {
      ...config,
      openstack: {
        ...openstack,
        neutronUrl: `http://u:${text}@10.0.0.1:9696`,
        authUrl: `http://u:${text}@10.0.0.2:5000/v3`,
        credential: { method: "password", user, password: text, project: user },
      },
    };
  };
  assertEquals(configurationDigests(secrets("one")), configurationDigests(secrets("two")));
  const token = (text: string) => {
    const { openstack } = testConfig();
    const credential = { method: "token", token: text, project: null } as const;
    return configurationDigests(testConfig({ openstack: { ...openstack, credential } }));
  };
  assertEquals(token("one"), token("two"));
});

Deno.test("which Neutron it is, is not told where the address means another one on another host", () => {
  assert(of().cloud !== null);
  assertEquals(of({ CONDUCTOR_NEUTRON_URL: "http://127.0.0.1:9696" }).cloud, null);
  assertEquals(of({ CONDUCTOR_NEUTRON_URL: "http://[::1]:9696" }).cloud, null);
  assertEquals(of({ CONDUCTOR_REGION: "one" }).cloud, of().cloud);
  assertEquals(configurationSchema.parse(of()), of(), "the registration takes it");
});
