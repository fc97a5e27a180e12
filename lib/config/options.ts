/**
 * The one table of options: how each is named on the command line, in the environment and in an
 * operator's existing configuration files, what it may be, and what it means. The table makes
 * `--help`, completions, manual page, docs/options.md, the messages for bad values, the effective configuration and the types
 * of its values.
 *
 * @module
 */
import { LOG_LEVELS } from "../base/log.ts";
import type { Credential } from "../openstack/credential.ts";
import {
  boolean,
  choice,
  directory,
  file,
  hosts,
  integer,
  listen,
  networks,
  string,
  transport,
  url,
  urls,
} from "./kinds.ts";
import { type Extra, optional, type OptionRow, row } from "./option_row.ts";
import { placesOf } from "./oslo_names.ts";

/** What each `auth_type` means; null: no token. */
export const AUTH_METHODS = {
  password: "password",
  v3password: "password",
  v3applicationcredential: "application_credential",
  token: "token",
  v3token: "token",
  none: null,
} as const satisfies Record<string, Credential["method"] | null>;
const AUTH_TYPES = Object.keys(AUTH_METHODS) as (keyof typeof AUTH_METHODS)[];
/** `internalURL` and the like are what older files call them. */
const INTERFACES = [
  "internal",
  "public",
  "admin",
  "internalURL",
  "publicURL",
  "adminURL",
] as const;
const NEUTRON_HELP = "Neutron, without /v2.0 (with an auth_url: from the catalogue)";
const START_HELP = "Resync at the start of a term; never: only compare until one is asked for";
const NOVA_HELP = "Nova with its version (default with an auth_url: from the catalogue)";

/** Where the login's settings are read from: `OS_…`, `[keystone_authtoken]` and `clouds.yaml`. */
function login(...keys: string[]) {
  return {
    env: keys.map((key) => `OS_${key.toUpperCase()}`),
    ini: keys.flatMap((key) => placesOf(`keystone_authtoken.${key}`)),
    clouds: keys,
  };
}

/** The same of what only a real cloud has. */
function cloudLogin(...keys: string[]) {
  return { ...login(...keys), cloud: true } as const;
}

/** The same of a domain, which may be said for users and projects at once. */
function domain(of: "user" | "project", by: "name" | "id") {
  const keys = [`${of}_domain_${by}`, `default_domain_${by}`];
  const all = by === "name" ? [...keys, "default_domain"] : keys;
  return { ...login(...all), ini: login(...keys).ini, clouds: [...all, `domain_${by}`] };
}

/** A row of whole seconds. */
function seconds(min: number, max: number, fallback: string, help: string, extra: Extra = {}) {
  return row(integer(min, max), fallback, help, { unit: "s", ...extra });
}

const anyCount = integer(0, Number.MAX_SAFE_INTEGER);

/** What Neutron's QoS rules cannot say of a direction, as the Python driver names it. */
function qosRows<Of extends "ingress" | "egress">(of: Of) {
  const rows = [
    [`${of}_burst_bits`, "4294967296", `Burst of a port whose ${of} bandwidth is limited`, "bits"],
    [`${of}_minburst_bytes`, "0", `Smallest ${of} burst at the peak rate; 0: not set`, "bytes"],
    [`${of}_burst_packets`, "5", `Burst of a port whose ${of} packet rate is limited`, "packets"],
    [`max_${of}_connections_per_port`, "0", `Most ${of} connections of a port; 0: no limit`],
  ] as const;
  return Object.fromEntries(rows.map(([name, fallback, help, unit]) => [
    name,
    row(anyCount, fallback, help, { unit, ini: [`calico.${name}`] }),
  ])) as Record<typeof rows[number][0], OptionRow<number, false>>;
}

/** The rows by group of `--help` and name, in the order in which they are shown. */
const GROUPS = {
  Node: {
    node_name: row(string, null, "Name of this node (default: the host name)"),
    state_dir: row(directory, null, "Directory of the node's state (default: see docs/options.md)"),
    region: optional(string, "OpenStack region, when etcd holds several", {
      ini: ["calico.openstack_region"],
    }),
    listen: row(listen, "127.0.0.1:9797", "Address of the diagnostics page"),
    api_token: optional(string, "Bearer token of the API's actions; unset: this machine only", {
      secret: true,
    }),
    listen_tls_cert: optional(file, "PEM file of the page's certificate, its chain after it"),
    listen_tls_key: optional(file, "PEM file of its key; both are read again when they change"),
    allowed_hosts: optional(
      hosts,
      "Names under which the page is asked for, beside the node's, as behind a reverse proxy",
    ),
    request_rate: row(
      integer(0, 1000000),
      "100",
      "Requests of one client to the page, after a burst of twice as many; 0: any",
      { unit: "/s" },
    ),
    log_level: row(choice(...LOG_LEVELS), "info", "Least severe level that is printed"),
    log_format: row(choice("text", "json"), "text", "For people or for machines"),
    role_timeout: seconds(2, 600, "10", "A role silent for longer is restarted"),
    stop_timeout: seconds(1, 60, "2", "A role that has not stopped by then is killed"),
  },
  etcd: {
    etcd: row(urls, "http://127.0.0.1:2379", "etcd's client URLs (repeatable)", {
      cloud: true,
    }),
    etcd_username: optional(string, "User, when etcd asks for one", {
      ini: ["calico.etcd_username"],
      cloud: true,
    }),
    etcd_password: optional(string, "Its password", {
      ini: ["calico.etcd_password"],
      secret: true,
      cloud: true,
    }),
    etcd_ca_file: optional(file, "PEM file of the CA that signed etcd's certificate", {
      ini: ["calico.etcd_ca_cert_file"],
      cloud: true,
    }),
    etcd_cert_file: optional(file, "PEM file of our client certificate", {
      ini: ["calico.etcd_cert_file"],
      cloud: true,
    }),
    etcd_key_file: optional(file, "PEM file of its key", {
      ini: ["calico.etcd_key_file"],
      cloud: true,
    }),
    etcd_timeout: row(integer(1, 60), "5", "Deadline of one call", { unit: "s" }),
  },
  Election: {
    elector_name: row(string, null, "Name in the election (default: the host name)", {
      ini: ["calico.elector_name"],
    }),
    election_ttl: seconds(3, 3600, "15", "Life of the election key's lease"),
    election_refresh: seconds(1, 1200, "5", "Interval of its refresh"),
    election_margin: seconds(1, 600, "2", "Mastership ends so long before the lease"),
    respect_unleased_key: row(
      boolean,
      "false",
      "Never take over an election key without a lease, which nobody refreshes",
    ),
  },
  OpenStack: {
    neutron_url: row(url, "http://127.0.0.1:9696", NEUTRON_HELP, {
      clouds: ["network_endpoint_override"],
      cloud: true,
    }),
    nova_url: optional(url, NOVA_HELP, {
      clouds: ["compute_endpoint_override"],
      cloud: true,
    }),
    os_cloud: optional(string, "A cloud of clouds.yaml; it stands alone, see docs/keystone.md", {
      env: ["OS_CLOUD"],
      cloud: true,
    }),
    auth_url: optional(
      url,
      "Keystone's URL; unset: requests carry no token",
      cloudLogin("auth_url"),
    ),
    auth_type: optional(
      choice(...AUTH_TYPES),
      "How to get a token (default: by what is given)",
      login("auth_type"),
    ),
    username: optional(string, "Service user", {
      ...cloudLogin("username", "user_name"),
      ini: placesOf("keystone_authtoken.username"),
      env: ["OS_USERNAME"],
    }),
    user_id: optional(string, "Its id, instead of name and domain", cloudLogin("user_id")),
    password: optional(string, "Its password", { ...cloudLogin("password"), secret: true }),
    user_domain_name: row(string, "Default", "The user's domain", domain("user", "name")),
    user_domain_id: optional(string, "The same by id", domain("user", "id")),
    project_name: optional(string, "Its project", {
      ...cloudLogin("project_name", "tenant_name"),
      ini: placesOf("keystone_authtoken.project_name"),
    }),
    project_id: optional(string, "The same by id", {
      ...cloudLogin("project_id", "tenant_id"),
      ini: placesOf("keystone_authtoken.project_id"),
    }),
    project_domain_name: row(string, "Default", "The project's domain", domain("project", "name")),
    project_domain_id: optional(string, "The same by id", domain("project", "id")),
    application_credential_id: optional(
      string,
      "Application credential, instead of a user",
      cloudLogin("application_credential_id"),
    ),
    application_credential_name: optional(
      string,
      "Its name, with the user whose it is",
      cloudLogin("application_credential_name"),
    ),
    application_credential_secret: optional(string, "Its secret", {
      ...cloudLogin("application_credential_secret"),
      secret: true,
    }),
    token: optional(string, "A token to start from; nobody can renew it", {
      ...cloudLogin("token"),
      env: ["OS_TOKEN", "OS_AUTH_TOKEN"],
      secret: true,
    }),
    os_region_name: optional(string, "Region in Keystone's catalogue, when it has several", {
      ...login("region_name"),
      ini: ["keystone_authtoken.region_name", "nova.region_name"],
    }),
    os_interface: row(choice(...INTERFACES), "internal", "Which endpoints of the catalogue", {
      ...login("interface"),
      env: ["OS_INTERFACE", "OS_ENDPOINT_TYPE"],
      ini: ["keystone_authtoken.interface", "nova.endpoint_type"],
    }),
    os_cacert: optional(file, "PEM file of the CA of Keystone, Neutron and Nova", {
      ...login("cacert"),
      ini: ["keystone_authtoken.cafile"],
    }),
    os_cert: optional(file, "PEM file of our client certificate to them", {
      ...login("cert"),
      ini: ["keystone_authtoken.certfile"],
    }),
    os_key: optional(file, "PEM file of its key", {
      ...login("key"),
      ini: ["keystone_authtoken.keyfile"],
    }),
    insecure: row(boolean, "false", "Not honoured: certificates are always verified", {
      ...login("insecure"),
      env: [],
    }),
    transport_url: optional(transport, "The message bus, as in neutron.conf", {
      ini: ["DEFAULT.transport_url"],
      secret: true,
      cloud: true,
    }),
    control_exchange: row(string, "neutron", "Neutron's exchange on the bus", {
      ini: ["DEFAULT.control_exchange"],
    }),
    rpc_timeout: seconds(1, 600, "60", "Time that Neutron's answer may take", {
      ini: ["DEFAULT.rpc_response_timeout"],
    }),
    notification_topics: row(
      string,
      "notifications",
      "Topics of Neutron's notifications, separated by commas; none: do not listen",
      { ini: placesOf("oslo_messaging_notifications.topics") },
    ),
    notification_url: optional(transport, "Their message bus (default: transport_url's)", {
      ini: placesOf("oslo_messaging_notifications.transport_url"),
      secret: true,
      cloud: true,
    }),
    bus_tls: row(boolean, "false", "TLS to the bus", {
      ini: placesOf("oslo_messaging_rabbit.ssl"),
    }),
    bus_ca_file: optional(file, "PEM file of the CA that signed the broker's certificate", {
      ini: placesOf("oslo_messaging_rabbit.ssl_ca_file"),
    }),
    bus_cert_file: optional(file, "PEM file of our client certificate", {
      ini: placesOf("oslo_messaging_rabbit.ssl_cert_file"),
    }),
    bus_key_file: optional(file, "PEM file of its key", {
      ini: placesOf("oslo_messaging_rabbit.ssl_key_file"),
    }),
    request_timeout: seconds(1, 600, "30", "Deadline of one request"),
    page_size: row(integer(10, 10000), "1000", "Objects asked for in one page"),
    neutron_parallel: row(
      integer(1, 64),
      "2",
      "Most requests of one process to Neutron at a time; fewer while it is slow",
    ),
  },
  Jobs: {
    startup_resync: row(choice("always", "never"), "always", START_HELP, {
      ini: ["calico.startup_resync"],
    }),
    resync_interval: seconds(1, 86400, "60", "Interval of the periodic resync"),
    incremental_interval: seconds(
      0,
      86400,
      "10",
      "Between looks at ids and revisions, which find what has changed; 0: never",
    ),
    resync_max_interval: seconds(1, 604800, "3600", "Warn when none succeeded for so long"),
    neutron_budget: row(
      integer(0, 100),
      "5",
      "Share of one API worker's time for comparing while notifications come; 0: by the intervals",
      { unit: "%" },
    ),
    full_rounds: row(
      integer(1, 1000),
      "10",
      "Of so many rounds of comparing, one reads whole objects and etcd",
    ),
    max_deletions: optional(
      integer(0, 10_000_000),
      "Objects of a kind that one comparison may delete (default: 50, or half of them)",
    ),
    address_pair_networks: optional(
      networks,
      "Networks in which an allowed address pair may be more than one address",
    ),
    ...qosRows("ingress"),
    ...qosRows("egress"),
    compaction_period: row(integer(0, 10080), "60", "Between compactions of etcd; 0: never", {
      unit: "min",
      ini: ["calico.etcd_compaction_period_mins"],
    }),
    compaction_min_revisions: row(integer(0, 1000000000), "1000", "Revisions always kept", {
      ini: ["calico.etcd_compaction_min_revisions"],
    }),
    etcd_defrag: row(
      integer(0, 95),
      "0",
      "After a compaction, defragment etcd's members of which so much is free; 0: never",
      { unit: "%" },
    ),
    port_status_threads: row(integer(1, 64), "4", "Port status reports in flight", {
      ini: ["calico.num_port_status_threads"],
    }),
  },
  Lab: {
    lab: row(
      choice("auto", "on", "off", "join"),
      "auto",
      "A whole cloud in small; auto: when no etcd or OpenStack is set; join: another node's",
    ),
    lab_ports: row(integer(0, 100000), "200", "VM ports of the seeded cloud"),
    lab_hosts: row(integer(1, 5000), "5", "Hosts of the seeded cloud"),
    lab_seed: row(integer(0, 2147483647), "1", "What the cloud and its events are drawn from"),
    lab_event_interval: seconds(0, 86400, "5", "Between two things that happen; 0: nothing"),
    lab_speed: row(
      integer(1, 1000),
      "1",
      "How many times faster than in life things happen and agents report",
    ),
    lab_etcd_port: row(
      integer(1, 65534),
      "12379",
      "Client port of the lab's etcd; its peer port is one above",
    ),
    lab_openstack_port: row(integer(1, 65535), "9696", "Port of the lab's OpenStack"),
  },
} as const satisfies Record<string, Record<string, OptionRow>>;

type Groups = typeof GROUPS;

/** Name of an option, in messages and in the effective configuration. */
export type OptionName = { [Group in keyof Groups]: keyof Groups[Group] }[keyof Groups];

type RowOf<Name extends OptionName> = {
  [Group in keyof Groups]: Name extends keyof Groups[Group] ? Groups[Group][Name] : never;
}[keyof Groups];

/** Type of an option's value; null where it may be unset. */
export type ValueOf<Name extends OptionName> = RowOf<Name> extends
  OptionRow<infer Value, infer Unset> ? Value | (Unset extends true ? null : never) : never;

/** One option. */
export interface Option extends OptionRow {
  readonly name: OptionName;
  /** Group in `--help`. */
  readonly group: string;
  readonly ini: readonly string[];
  readonly clouds: readonly string[];
  /** Environment names, our own first. */
  readonly env: readonly [own: string, ...others: string[]];
}

/** The section of a file of our own settings, in which every option stands by its name. */
export const OWN_SECTION = "conductor";

/** All options, in the order in which they are shown. */
export const OPTIONS: readonly Option[] = Object.entries(GROUPS).flatMap(([group, rows]) =>
  Object.entries(rows).map(([name, row]: [string, OptionRow]) => ({
    clouds: [],
    ...row,
    ini: [`${OWN_SECTION}.${name}`, ...row.ini ?? []],
    name: name as OptionName,
    group,
    env: [`CONDUCTOR_${name.toUpperCase()}`, ...row.env ?? []],
  }))
);

/** The option of that name. */
export function optionOf(name: OptionName): Option {
  return OPTIONS.find((option) => option.name === name)!;
}

/** The flag of an option. */
export function flagOf({ name }: Pick<Option, "name">): string {
  return `--${name.replaceAll("_", "-")}`;
}
