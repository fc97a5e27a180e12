/**
 * From what an operator wrote to a complete, frozen {@linkcode Config}. All problems are told at once, each with the option, where the value came
 * from, what was given and what is allowed; a secret is never shown.
 *
 * @module
 */
import { parseTransportUrl, TRANSPORT_URL_FORM } from "../bus/transport_url.ts";
import { parseNetwork } from "../calico/ip_network.ts";
import type { Flags } from "./command_line.ts";
import { parseConfigFile } from "./oslo_file.ts";
import { allowedValues, OPTIONS } from "./options.ts";
import type { BrokersConfig, BusConfig, Config, NotificationsConfig } from "./config_types.ts";
import { type EffectiveValue, findValue, warnIgnored } from "./values.ts";
import { readCloud } from "./clouds_yaml.ts";
import { buildOpenstack, checkOpenstack, warnOpenstack } from "./openstack_config.ts";

/** One problem with the configuration. */
export interface ConfigProblem {
  readonly option: string;
  /** Where the value came from, such as `--election-ttl` or `neutron.conf [calico] …`. */
  readonly source: string;
  /** What was given; null for a secret, empty for a missing value. */
  readonly given: string | null;
  readonly allowed: string;
}

/** The configuration cannot be used. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ option, source, given, allowed }) =>
        `${option} (${source}): given ${shown(given)}, allowed ${allowed}`
      ).join("\n"),
    );
  }
}

function shown(given: string | null): string {
  if (given === null) return "a value";
  return given === "" ? "nothing" : JSON.stringify(given);
}

/** All that {@linkcode resolveConfig} needs; nothing is read from the process. */
export interface ConfigInput {
  readonly flags: Flags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly hostname: string;
  /** Text of a file that may not be there (`clouds.yaml`), or null. */
  readFile?(path: string): string | null;
}

/** The result. */
export interface ResolvedConfig {
  readonly config: Config;
  readonly effective: readonly EffectiveValue[];
  readonly warnings: readonly string[];
}

/**
 * Resolves the configuration.
 *
 * @throws {ConfigError} with every problem that was found.
 * @throws {CloudsError} the named cloud cannot be had.
 */
export function resolveConfig(input: ConfigInput): ResolvedConfig {
  const files = input.files.map(({ path, text }) => ({ path, values: parseConfigFile(text) }));
  const { flags, env, readFile = () => null } = input;
  const named = findValue(OPTIONS.find(({ name }) => name === "os_cloud")!, {
    flags,
    env,
    cloud: null,
    files,
  }).value;
  const cloud = named === null ? null : readCloud(named, env, readFile);
  const found = OPTIONS.map((option) => findValue(option, { flags, env, cloud, files }));
  const problems = found.flatMap(checkKind);
  if (problems.length > 0) throw new ConfigError(problems);
  const effective = completeDefaults(found, input);
  const values = new Map(effective.map((entry) => [entry.option.name, entry]));
  problems.push(...checkRelations(values));
  if (problems.length > 0) throw new ConfigError(problems);
  const config = build(values);
  const warnings = [
    ...cloud?.warnings ?? [],
    ...config.lab.reportUrl !== null ? [] : warnOpenstack(values),
    ...warnReports(config),
    ...warnIgnored(files),
  ];
  return { config: freeze(config), effective, warnings };
}

/** What `config` prints: every value, where it comes from, and no secret. */
export function formatEffective(effective: readonly EffectiveValue[]): string {
  const width = Math.max(...effective.map(({ option }) => option.name.length));
  return effective.map(({ option, value, source }) => {
    const shown = option.secret
      ? (value === null ? "(not set)" : "(set)")
      : value === null
      ? "(not set)"
      : withoutUserInfo(value);
    return `${option.name.padEnd(width)} = ${shown}  (${source})`;
  }).join("\n");
}

/** A URL may carry a password; what is shown must not. */
function withoutUserInfo(value: string): string {
  return value.replaceAll(/\/\/[^/@\s,]+@/g, "//(secret)@");
}

function warnReports(config: Config): string[] {
  if (config.bus || config.lab.reportUrl !== null) return [];
  return ["transport_url is not given: no status of agents and ports is reported to Neutron"];
}

/** etcd URLs, of which a bare `host:port` is one. */
function etcdUrls(value: string): string[] {
  return value.split(",").map((part) => part.trim()).filter((part) => part !== "")
    .map((part) => part.includes("://") ? part : `http://${part}`)
    .map((part) => part.replace(/\/$/, ""));
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) &&
    new URL(text).hostname !== "";
}

function parseListen(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65535) return null;
  return { host: (match[1] ?? match[2])!, port };
}

const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/;

function hosts(value: string): string[] {
  return value.split(",").map((part) => part.trim().toLowerCase());
}

function networks(value: string): string[] {
  return value.split(",").map((part) => part.trim());
}

function checkKind({ option, value, source }: EffectiveValue): ConfigProblem[] {
  if (value === null) return [];
  const { kind } = option;
  const good = (() => {
    switch (kind.type) {
      case "string":
        return value.trim() !== "";
      case "boolean":
        return /^(true|false)$/i.test(value);
      case "integer":
        return /^-?\d+$/.test(value) && Number(value) >= kind.min && Number(value) <= kind.max;
      case "url":
        return isUrl(value);
      case "urls": {
        const urls = etcdUrls(value);
        const schemes = new Set(urls.map((url) => url.split(":")[0]));
        return urls.length > 0 && urls.every(isUrl) && schemes.size === 1;
      }
      case "listen":
        return parseListen(value) !== null;
      case "hosts":
        return hosts(value).every((host) => HOST.test(host));
      case "networks":
        return networks(value).every((network) => parseNetwork(network) !== null);
      case "choice":
        return kind.of.includes(value);
    }
  })();
  if (good) return [];
  const given = option.secret ? null : withoutUserInfo(value);
  return [{ option: option.name, source, given, allowed: allowedValues(kind) }];
}

/** Fills in what depends on the machine or on other options. */
function completeDefaults(
  found: readonly EffectiveValue[],
  { env, hostname }: ConfigInput,
): EffectiveValue[] {
  const given = new Map(found.map((entry) => [entry.option.name, entry.value]));
  const nodeName = given.get("node_name") ?? hostname;
  const home = env.HOME ? `${env.HOME}/.local/state/calico-conductor` : ".state";
  const derived: Record<string, string> = {
    node_name: hostname,
    state_dir: env.STATE_DIRECTORY ?? home,
    elector_name: nodeName,
  };
  const clouds = found.filter(({ option, source }) => option.cloud && source !== "default");
  const asked = given.get("lab")!;
  const lab = asked !== "auto" ? asked : clouds.length === 0 ? "on" : "off";
  if (lab !== "off" && clouds.length === 0) Object.assign(derived, labValues(given));
  return found.map((entry) => {
    const value = derived[entry.option.name];
    if (entry.option.name === "lab") {
      return { ...entry, value: lab };
    }
    if (value === undefined || entry.source !== "default") return entry;
    return { ...entry, value, source: lab !== "off" && entry.option.cloud ? "lab" : "default" };
  });
}

/** Where the lab's own cloud is. */
function labValues(given: ReadonlyMap<string, string | null>): Record<string, string> {
  const base = `http://127.0.0.1:${given.get("lab_openstack_port")}`;
  return {
    etcd: `http://127.0.0.1:${given.get("lab_etcd_port")}`,
    neutron_url: base,
    nova_url: `${base}/compute/v2.1`,
    auth_url: `${base}/identity/v3`,
    username: "lab",
    password: "lab",
    project_name: "admin",
  };
}

const REGION = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** 63 − len("openstack-" + "region-"): names made from it must stay DNS labels. */
const REGION_LENGTH = 46;

function checkRelations(values: ReadonlyMap<string, EffectiveValue>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const value = (name: string) => values.get(name)!.value;
  const refuse = (name: string, allowed: string) => {
    const { source, option } = values.get(name)!;
    const given = value(name);
    problems.push({
      option: name,
      source,
      given: option.secret && given !== null ? null : given ?? "",
      allowed,
    });
  };
  const region = value("region");
  if (region !== null && (!REGION.test(region) || region.length > REGION_LENGTH)) {
    refuse("region", `a DNS label of at most ${REGION_LENGTH} characters`);
  }
  const [ttl, refresh, margin] = ["election_ttl", "election_refresh", "election_margin"]
    .map((name) => Number(value(name)));
  if (margin! >= ttl!) refuse("election_margin", `less than election_ttl, which is ${ttl} s`);
  else if (refresh! >= ttl! - margin!) {
    refuse(
      "election_refresh",
      `less than election_ttl − election_margin, which is ${ttl! - margin!} s`,
    );
  }
  if (/[:\s]/.test(value("elector_name")!)) refuse("elector_name", "no colon and no white space");
  if ((value("etcd_cert_file") === null) !== (value("etcd_key_file") === null)) {
    refuse("etcd_cert_file", "only together with etcd_key_file");
  }
  const tls = etcdUrls(value("etcd")!)[0]!.startsWith("https");
  if (!tls && value("etcd_ca_file") !== null) {
    refuse("etcd", "https:// URLs when etcd_ca_file is given");
  }
  if (tls && value("etcd_ca_file") === null) {
    refuse("etcd", "http:// URLs, or https:// together with etcd_ca_file");
  }
  if ((value("listen_tls_cert") === null) !== (value("listen_tls_key") === null)) {
    refuse("listen_tls_cert", "only together with listen_tls_key");
  }
  for (const name of ["transport_url", "notification_url"]) {
    const transport = value(name);
    if (transport !== null && !parseTransportUrl(transport)) refuse(name, TRANSPORT_URL_FORM);
  }
  if ((value("bus_cert_file") === null) !== (value("bus_key_file") === null)) {
    refuse("bus_cert_file", "only together with bus_key_file");
  }
  checkOpenstack(values, refuse);
  const lab = values.get("lab")!;
  const cloud = [...values.values()].find(({ option, source }) =>
    option.cloud && source !== "default" && source !== "lab"
  );
  if (lab.value !== "off" && cloud) {
    refuse("lab", `off or auto when ${cloud.option.name} is given (${cloud.source})`);
  }
  return problems;
}

function build(values: ReadonlyMap<string, EffectiveValue>): Config {
  const text = (name: string) => values.get(name)!.value!;
  const maybe = (name: string) => values.get(name)!.value;
  const number = (name: string) => Number(text(name));
  const qos = (direction: "ingress" | "egress") => ({
    burstBits: number(`${direction}_burst_bits`),
    minburstBytes: number(`${direction}_minburst_bytes`),
    burstPackets: number(`${direction}_burst_packets`),
    maxConnections: number(`max_${direction}_connections_per_port`),
  });
  return {
    nodeName: text("node_name"),
    stateDir: text("state_dir"),
    region: maybe("region"),
    etcd: {
      endpoints: etcdUrls(text("etcd")),
      username: maybe("etcd_username"),
      password: maybe("etcd_password"),
      caFile: maybe("etcd_ca_file"),
      certFile: maybe("etcd_cert_file"),
      keyFile: maybe("etcd_key_file"),
      callTimeoutMs: number("etcd_timeout") * 1000,
    },
    election: {
      name: text("elector_name"),
      ttlSeconds: number("election_ttl"),
      refreshSeconds: number("election_refresh"),
      marginSeconds: number("election_margin"),
      respectUnleasedKey: text("respect_unleased_key").toLowerCase() === "true",
    },
    openstack: buildOpenstack(values),
    bus: buildBus(text, maybe),
    notifications: buildNotifications(text, maybe),
    sync: {
      startupResync: text("startup_resync") as "always" | "never",
      resyncIntervalSeconds: number("resync_interval"),
      incrementalIntervalSeconds: number("incremental_interval"),
      resyncMaxIntervalSeconds: number("resync_max_interval"),
      maxDeletions: maybe("max_deletions") === null ? null : number("max_deletions"),
      addressPairNetworks: maybe("address_pair_networks") === null
        ? []
        : networks(text("address_pair_networks")),
      qos: { ingress: qos("ingress"), egress: qos("egress") },
    },
    compaction: {
      periodSeconds: number("compaction_period") * 60,
      minRevisions: number("compaction_min_revisions"),
    },
    status: {
      portStatusThreads: number("port_status_threads"),
    },
    diagnostics: {
      ...parseListen(text("listen"))!,
      apiToken: maybe("api_token"),
      tls: maybe("listen_tls_cert") === null
        ? null
        : { cert: text("listen_tls_cert"), key: text("listen_tls_key") },
      allowedHosts: maybe("allowed_hosts") === null ? [] : hosts(text("allowed_hosts")),
      requestRate: number("request_rate"),
    },
    lab: {
      enabled: text("lab") === "on",
      reportUrl: text("lab") === "off"
        ? null
        : `http://127.0.0.1:${number("lab_openstack_port")}/lab/v1`,
      ports: number("lab_ports"),
      hosts: number("lab_hosts"),
      seed: number("lab_seed"),
      eventIntervalMs: number("lab_event_interval") * 1000 / number("lab_speed"),
      speed: number("lab_speed"),
      etcdPort: number("lab_etcd_port"),
      openstackPort: number("lab_openstack_port"),
    },
    log: {
      level: text("log_level") as Config["log"]["level"],
      format: text("log_format") as Config["log"]["format"],
    },
    supervision: {
      roleTimeoutMs: number("role_timeout") * 1000,
      stopTimeoutMs: number("stop_timeout") * 1000,
    },
  };
}

function buildNotifications(
  text: (name: string) => string,
  maybe: (name: string) => string | null,
): NotificationsConfig | null {
  const topics = text("notification_topics").split(",").map((topic) => topic.trim())
    .filter((topic) => topic !== "");
  if (topics.length === 0 || topics.join() === "none") return null;
  const bus = buildBrokers(maybe("notification_url") ?? maybe("transport_url"), text, maybe);
  return bus && { bus, topics };
}

function buildBus(
  text: (name: string) => string,
  maybe: (name: string) => string | null,
): BusConfig | null {
  const brokers = buildBrokers(maybe("transport_url"), text, maybe);
  return brokers && { ...brokers, rpcTimeoutMs: Number(text("rpc_timeout")) * 1000 };
}

function buildBrokers(
  transport: string | null,
  text: (name: string) => string,
  maybe: (name: string) => string | null,
): BrokersConfig | null {
  if (transport === null) return null;
  const { hosts, virtualHost, tls } = parseTransportUrl(transport)!;
  return {
    hosts,
    virtualHost,
    tls: tls || text("bus_tls").toLowerCase() === "true",
    caFile: maybe("bus_ca_file"),
    certFile: maybe("bus_cert_file"),
    keyFile: maybe("bus_key_file"),
    exchange: text("control_exchange"),
  };
}

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) freeze(inner);
  }
  return Object.freeze(value);
}
