import { assert, assertEquals } from "../support/assert.ts";
import { testSeals } from "../support/seals.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { createLauncher } from "../../lib/process/launcher.ts";
import { roleSpecs } from "../../lib/node/role_specs.ts";
import { settingsOf } from "../../lib/process/roles.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";

const BASE = {
  HOME: "/home/o",
  CONDUCTOR_STATE_DIR: "/state",
  CONDUCTOR_ETCD: "http://10.0.0.1:2379",
  CONDUCTOR_ETCD_USERNAME: "etcd-user",
  CONDUCTOR_ETCD_PASSWORD: "secret-of-etcd",
  CONDUCTOR_AUTH_URL: "http://10.0.0.2:5000/v3",
  CONDUCTOR_NEUTRON_URL: "http://10.0.0.3:9696",
  CONDUCTOR_NOVA_URL: "http://10.0.0.4:8774/v2.1",
  CONDUCTOR_USERNAME: "neutron",
  CONDUCTOR_PASSWORD: "secret-of-keystone",
  CONDUCTOR_PROJECT_NAME: "service",
  CONDUCTOR_TRANSPORT_URL: "rabbit://u:secret-of-rabbit@10.0.0.5:5672/",
  CONDUCTOR_API_TOKEN: "secret-of-the-api",
};
const launcher = createLauncher({
  executable: "/deno",
  standalone: false,
  root: new URL("../..", import.meta.url).pathname.replace(/\/$/, ""),
  environment: {},
});
const place = { bootId: "boot", pidNamespace: "pid:[1]" };
const places = { protoDir: "/proto", addresses: () => [], process: place, seals: testSeals };

const configOf = (env: Record<string, string>) =>
  resolveConfig({ flags: {}, env, files: [], hostname: "ctl-1" }).config;

function specsOf(env: Record<string, string>): Map<string, string> {
  return new Map(
    roleSpecs(configOf(env), places, launcher).map(({ name, args, input }) => [
      name,
      JSON.stringify([args, input]),
    ]),
  );
}

const SYNCER = "resource-syncer";
const AGENTS = "agent-status-watcher";
const PORTS = "endpoint-status-watcher";
const REPORTING = [AGENTS, PORTS];
const WITH_ETCD = ["manager", SYNCER, ...REPORTING];

/** Which roles a new value of an option concerns. */
const CONCERNS: Record<string, [value: string, roles: readonly string[]]> = {
  NODE_NAME: ["other", ROLE_NAMES],
  REGION: ["other", WITH_ETCD],
  LISTEN: ["127.0.0.1:9999", ["manager", "diagnostics"]],
  API_TOKEN: ["another", ["diagnostics"]],
  ALLOWED_HOSTS: ["ctl.example", ["diagnostics"]],
  REQUEST_RATE: ["5", ["diagnostics"]],
  LOG_LEVEL: ["debug", ROLE_NAMES],
  LOG_FORMAT: ["json", []],
  ROLE_TIMEOUT: ["20", ROLE_NAMES],
  STOP_TIMEOUT: ["5", ROLE_NAMES],
  ETCD: ["http://10.0.0.9:2379", WITH_ETCD],
  ETCD_PASSWORD: ["another", WITH_ETCD],
  ETCD_TIMEOUT: ["7", WITH_ETCD],
  ELECTOR_NAME: ["other", WITH_ETCD],
  ELECTION_TTL: ["30", ["manager"]],
  RESPECT_UNLEASED_KEY: ["true", ["manager"]],
  NEUTRON_URL: ["http://10.0.0.3:9697", [SYNCER, PORTS]],
  NOVA_URL: ["http://10.0.0.4:8775/v2.1", [SYNCER, PORTS]],
  PASSWORD: ["another", [SYNCER, PORTS]],
  TRANSPORT_URL: ["rabbit://u:p@10.0.0.5:5673/", [SYNCER, ...REPORTING]],
  CONTROL_EXCHANGE: ["other", [SYNCER, ...REPORTING]],
  NOTIFICATION_TOPICS: ["one,another", [SYNCER]],
  NOTIFICATION_URL: ["rabbit://u:p@10.0.0.7:5672/", [SYNCER]],
  RPC_TIMEOUT: ["30", REPORTING],
  REQUEST_TIMEOUT: ["20", [SYNCER, PORTS]],
  PAGE_SIZE: ["500", [SYNCER, PORTS]],
  STARTUP_RESYNC: ["never", [SYNCER, "diagnostics"]],
  RESYNC_INTERVAL: ["100", [SYNCER]],
  NEUTRON_BUDGET: ["7", [SYNCER]],
  FULL_ROUNDS: ["7", [SYNCER]],
  COMPACTION_PERIOD: ["10", ["manager"]],
  ETCD_DEFRAG: ["30", ["manager"]],
  PORT_STATUS_THREADS: ["8", [PORTS]],
};

Deno.test("a new value concerns the roles that use it, and no other", () => {
  const before = specsOf(BASE);
  assertEquals([...before.keys()], [...ROLE_NAMES]);
  for (const [option, [value, roles]] of Object.entries(CONCERNS)) {
    const after = specsOf({ ...BASE, [`CONDUCTOR_${option}`]: value });
    const changed = [...after].filter(([name, spec]) => before.get(name) !== spec);
    assertEquals(changed.map(([name]) => name).sort(), [...roles].sort(), option);
  }
});

Deno.test("no role is told a secret that it has no use for", () => {
  const config = configOf(BASE);
  const knows = (secret: string) =>
    ROLE_NAMES.filter((name) => JSON.stringify(settingsOf(name, config, place)).includes(secret));
  assertEquals(knows("secret-of-etcd"), WITH_ETCD as typeof ROLE_NAMES[number][]);
  assertEquals(knows("secret-of-keystone"), [SYNCER, PORTS]);
  assertEquals(knows("secret-of-rabbit"), [SYNCER, AGENTS, PORTS]);
  assertEquals(knows("secret-of-the-api"), ["diagnostics"]);
});

Deno.test("a role's settings are read by nothing but their names in the configuration", () => {
  // What a role is given is a part of the configuration, never something else under a name of it; but for
  // the place where the manager runs.
  const config = configOf(BASE);
  for (const name of ROLE_NAMES) {
    const isPart = (part: unknown, whole: unknown): boolean =>
      typeof part !== "object" || part === null || Array.isArray(part)
        ? JSON.stringify(part) === JSON.stringify(whole)
        : Object.entries(part).every(([key, value]) =>
          isPart(value, (whole as Record<string, unknown>)[key])
        );
    assert(isPart(settingsOf(name, config, place), { ...config, place }), name);
  }
});
