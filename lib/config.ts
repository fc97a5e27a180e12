/**
 * From what an operator wrote to a complete, frozen {@linkcode Config}: flags over environment over
 * files over defaults. All problems are told at once, each with the option, where the value came
 * from, what was given and what is allowed; a secret is never shown.
 *
 * @module
 */
import { parseTransportUrl, TRANSPORT_URL_FORM } from "./bus/transport_url.ts";
import { hostAndPort } from "./host_addresses.ts";
import type { Flags } from "./command_line.ts";
import { type FileValues, parseConfigFile } from "./config_file.ts";
import { allowedValues, flagOf, type OptionRow, OPTIONS } from "./config_options.ts";
import type { BusConfig, Config } from "./config_types.ts";

/** One problem with the configuration. */
export interface ConfigProblem {
  readonly option: string;
  /** Where the value came from, such as `--election-ttl` or `neutron.conf [calico] …`. */
  readonly source: string;
  /** What was given; null for a secret or a missing value. */
  readonly given: string | null;
  readonly allowed: string;
}

/** The configuration cannot be used. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ option, source, given, allowed }) =>
        `${option} (${source}): given ${given === null ? "a value" : JSON.stringify(given)}, ` +
        `allowed ${allowed}`
      ).join("\n"),
    );
  }
}

/** What was found for one option. */
export interface EffectiveValue {
  readonly option: OptionRow;
  /** Null when it is unset. */
  readonly value: string | null;
  readonly source: string;
}

/** All that {@linkcode resolveConfig} needs; nothing is read from the process. */
export interface ConfigInput {
  readonly flags: Flags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly hostname: string;
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
 */
export function resolveConfig(input: ConfigInput): ResolvedConfig {
  const files = input.files.map(({ path, text }) => ({ path, values: parseConfigFile(text) }));
  const found = OPTIONS.map((option) => find(option, input, files));
  const problems = found.flatMap(checkKind);
  if (problems.length > 0) throw new ConfigError(problems);
  const effective = completeDefaults(found, input);
  const values = new Map(effective.map((entry) => [entry.option.name, entry]));
  problems.push(...checkRelations(values));
  if (problems.length > 0) throw new ConfigError(problems);
  const config = build(values);
  const report = values.get("report_url")!;
  const warnings = config.lab.enabled || config.bus || report.source !== "default" ? [] : [
    "neither transport_url nor report_url is given: status reports go over HTTP to " +
    `${report.value}, which a real Neutron does not answer`,
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

interface ParsedFile {
  readonly path: string;
  readonly values: FileValues;
}

function find(option: OptionRow, input: ConfigInput, files: readonly ParsedFile[]): EffectiveValue {
  const flag = input.flags[option.name];
  if (flag !== undefined) {
    const value = typeof flag === "string" ? flag : flag.join(",");
    return { option, value, source: flagOf(option) };
  }
  for (const name of option.env) {
    const value = input.env[name];
    if (value !== undefined && value !== "") return { option, value, source: name };
  }
  for (const file of files.toReversed()) {
    for (const place of option.ini) {
      const value = file.values.get(place);
      if (value) return { option, value, source: `${file.path} ${shownPlace(place)}` };
    }
    if (option.name === "etcd") {
      const value = pythonDriverEtcd(file.values);
      if (value) return { option, value, source: `${file.path} [calico] etcd_host` };
    }
  }
  return { option, value: option.fallback, source: "default" };
}

function shownPlace(place: string): string {
  const dot = place.indexOf(".");
  return `[${place.slice(0, dot)}] ${place.slice(dot + 1)}`;
}

/** The Python driver names host and port apart, and means TLS when it names a CA. */
function pythonDriverEtcd(values: FileValues): string | null {
  const host = values.get("calico.etcd_host");
  if (!host) return null;
  const scheme = values.has("calico.etcd_ca_cert_file") ? "https" : "http";
  return `${scheme}://${hostAndPort(host, Number(values.get("calico.etcd_port") ?? 2379))}`;
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
  const lab = given.get("lab") === "on" || (given.get("lab") === "auto" && clouds.length === 0);
  if (lab && clouds.length === 0) Object.assign(derived, labValues(given));
  const neutron = derived.neutron_url ?? given.get("neutron_url")!;
  derived.report_url = `${neutron.replace(/\/$/, "")}/lab/v1`;
  return found.map((entry) => {
    const value = derived[entry.option.name];
    if (entry.option.name === "lab") {
      return { ...entry, value: lab ? "on" : "off" };
    }
    if (value === undefined || entry.source !== "default") return entry;
    return { ...entry, value, source: lab && entry.option.cloud ? "lab" : "default" };
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
    problems.push({ option: name, source, given: option.secret ? null : value(name), allowed });
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
  const transport = value("transport_url");
  if (transport !== null && !parseTransportUrl(transport)) {
    refuse("transport_url", TRANSPORT_URL_FORM);
  }
  if ((value("bus_cert_file") === null) !== (value("bus_key_file") === null)) {
    refuse("bus_cert_file", "only together with bus_key_file");
  }
  if (value("auth_url") !== null) {
    for (const name of ["username", "password", "project_name"]) {
      if (value(name) === null) refuse(name, "a value when auth_url is given");
    }
  }
  const lab = values.get("lab")!;
  const cloud = [...values.values()].find(({ option, source }) =>
    option.cloud && source !== "default" && source !== "lab"
  );
  if (lab.value === "on" && cloud) {
    refuse("lab", `off or auto when ${cloud.option.name} is given (${cloud.source})`);
  }
  return problems;
}

/** Keystone's versionless URL, as OS_AUTH_URL often is, means v3. */
function keystoneV3(url: string): string {
  const bare = url.replace(/\/+$/, "");
  return bare.endsWith("/v3") ? bare : `${bare}/v3`;
}

function build(values: ReadonlyMap<string, EffectiveValue>): Config {
  const text = (name: string) => values.get(name)!.value!;
  const maybe = (name: string) => values.get(name)!.value;
  const number = (name: string) => Number(text(name));
  const url = (name: string) => text(name).replace(/\/+$/, "");
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
    openstack: {
      neutronUrl: url("neutron_url"),
      novaUrl: maybe("nova_url")?.replace(/\/+$/, "") ?? null,
      authUrl: maybe("auth_url") === null ? null : keystoneV3(text("auth_url")),
      username: maybe("username"),
      password: maybe("password"),
      projectName: maybe("project_name"),
      userDomainName: text("user_domain_name"),
      projectDomainName: text("project_domain_name"),
      requestTimeoutMs: number("request_timeout") * 1000,
      pageSize: number("page_size"),
    },
    bus: buildBus(text, maybe),
    sync: {
      startupResync: text("startup_resync") as "always" | "never",
      resyncIntervalSeconds: number("resync_interval"),
      incrementalIntervalSeconds: number("incremental_interval"),
      resyncMaxIntervalSeconds: number("resync_max_interval"),
    },
    compaction: {
      periodSeconds: number("compaction_period") * 60,
      minRevisions: number("compaction_min_revisions"),
    },
    status: { portStatusThreads: number("port_status_threads"), reportUrl: url("report_url") },
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
      ports: number("lab_ports"),
      hosts: number("lab_hosts"),
      seed: number("lab_seed"),
      eventIntervalMs: number("lab_event_interval") * 1000,
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

function buildBus(
  text: (name: string) => string,
  maybe: (name: string) => string | null,
): BusConfig | null {
  const transport = maybe("transport_url");
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
    rpcTimeoutMs: Number(text("rpc_timeout")) * 1000,
  };
}

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) freeze(inner);
  }
  return Object.freeze(value);
}
