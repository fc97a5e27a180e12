/**
 * The one table of options: how each is named on the command line, in the environment and in an
 * operator's existing configuration files, what it may be, and what it means. The table makes
 * `--help`, the README's table, the messages for bad values, the effective configuration and the types
 * of its values.
 *
 * @module
 */
import { LOG_LEVELS } from "../base/log.ts";
import {
  boolean,
  choice,
  hosts,
  integer,
  listen,
  networks,
  string,
  transport,
  url,
  urls,
} from "./kinds.ts";
import { derived, optional, type OptionRow, row } from "./option_row.ts";

const AUTH_TYPES = [
  "password",
  "v3password",
  "v3applicationcredential",
  "token",
  "v3token",
  "none",
] as const;
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
const START_HELP = "Resync at the start of a term; never: write nothing before one is asked for";
const NOVA_HELP = "Nova with its version (default with an auth_url: from the catalogue)";

/** Keys that keystoneauth reads in `[keystone_authtoken]`. */
function authtoken(...keys: string[]): string[] {
  return keys.map((key) => `keystone_authtoken.${key}`);
}

const anyCount = integer(0, Number.MAX_SAFE_INTEGER);

/** The rows by group of `--help` and name, in the order in which they are shown. */
const GROUPS = {
  Node: {
    node_name: derived(string, "Name of this node (default: the host name)"),
    state_dir: derived(string, "Directory for the node's state (default: see the README)"),
    region: optional(string, "OpenStack region, when etcd holds several", {
      ini: ["calico.openstack_region"],
    }),
    listen: row(listen, "127.0.0.1:9797", "Address of the diagnostics page"),
    api_token: optional(string, "Bearer token of the API's actions; unset: loopback only", {
      secret: true,
    }),
    listen_tls_cert: optional(string, "PEM file of the page's certificate, its chain after it"),
    listen_tls_key: optional(string, "PEM file of its key; both are read again when they change"),
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
    role_timeout: row(integer(2, 600), "10", "A role silent for longer is restarted", {
      unit: "s",
    }),
    stop_timeout: row(integer(1, 60), "2", "A role that has not stopped by then is killed", {
      unit: "s",
    }),
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
    etcd_ca_file: optional(string, "PEM file of the CA that signed etcd's certificate", {
      ini: ["calico.etcd_ca_cert_file"],
      cloud: true,
    }),
    etcd_cert_file: optional(string, "PEM file of our client certificate", {
      ini: ["calico.etcd_cert_file"],
      cloud: true,
    }),
    etcd_key_file: optional(string, "PEM file of its key", {
      ini: ["calico.etcd_key_file"],
      cloud: true,
    }),
    etcd_timeout: row(integer(1, 60), "5", "Deadline of one call", { unit: "s" }),
  },
  Election: {
    elector_name: derived(string, "Name in the election (default: the host name)", {
      ini: ["calico.elector_name"],
    }),
    election_ttl: row(integer(3, 3600), "15", "Life of the election key's lease", { unit: "s" }),
    election_refresh: row(integer(1, 1200), "5", "Interval of its refresh", { unit: "s" }),
    election_margin: row(integer(1, 600), "2", "Mastership ends so long before the lease", {
      unit: "s",
    }),
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
    auth_url: optional(url, "Keystone's URL; unset: requests carry no token", {
      env: ["OS_AUTH_URL"],
      ini: authtoken("auth_url"),
      clouds: ["auth_url"],
      cloud: true,
    }),
    auth_type: optional(choice(...AUTH_TYPES), "How to get a token (default: by what is given)", {
      env: ["OS_AUTH_TYPE"],
      ini: authtoken("auth_type"),
      clouds: ["auth_type"],
    }),
    username: optional(string, "Service user", {
      env: ["OS_USERNAME"],
      ini: authtoken("username", "user_name"),
      clouds: ["username", "user_name"],
      cloud: true,
    }),
    user_id: optional(string, "Its id, instead of name and domain", {
      env: ["OS_USER_ID"],
      ini: authtoken("user_id"),
      clouds: ["user_id"],
      cloud: true,
    }),
    password: optional(string, "Its password", {
      env: ["OS_PASSWORD"],
      ini: authtoken("password"),
      clouds: ["password"],
      secret: true,
      cloud: true,
    }),
    user_domain_name: row(string, "Default", "The user's domain", {
      env: ["OS_USER_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
      ini: authtoken("user_domain_name", "default_domain_name"),
      clouds: ["user_domain_name", "default_domain_name", "default_domain", "domain_name"],
    }),
    user_domain_id: optional(string, "The same by id", {
      env: ["OS_USER_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"],
      ini: authtoken("user_domain_id", "default_domain_id"),
      clouds: ["user_domain_id", "default_domain_id", "domain_id"],
    }),
    project_name: optional(string, "Its project", {
      env: ["OS_PROJECT_NAME", "OS_TENANT_NAME"],
      ini: authtoken("project_name", "tenant_name"),
      clouds: ["project_name", "tenant_name"],
      cloud: true,
    }),
    project_id: optional(string, "The same by id", {
      env: ["OS_PROJECT_ID", "OS_TENANT_ID"],
      ini: authtoken("project_id", "tenant_id"),
      clouds: ["project_id", "tenant_id"],
      cloud: true,
    }),
    project_domain_name: row(string, "Default", "The project's domain", {
      env: ["OS_PROJECT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
      ini: authtoken("project_domain_name", "default_domain_name"),
      clouds: ["project_domain_name", "default_domain_name", "default_domain", "domain_name"],
    }),
    project_domain_id: optional(string, "The same by id", {
      env: ["OS_PROJECT_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"],
      ini: authtoken("project_domain_id", "default_domain_id"),
      clouds: ["project_domain_id", "default_domain_id", "domain_id"],
    }),
    application_credential_id: optional(string, "Application credential, instead of a user", {
      env: ["OS_APPLICATION_CREDENTIAL_ID"],
      ini: authtoken("application_credential_id"),
      clouds: ["application_credential_id"],
      cloud: true,
    }),
    application_credential_name: optional(string, "Its name, with the user whose it is", {
      env: ["OS_APPLICATION_CREDENTIAL_NAME"],
      ini: authtoken("application_credential_name"),
      clouds: ["application_credential_name"],
      cloud: true,
    }),
    application_credential_secret: optional(string, "Its secret", {
      env: ["OS_APPLICATION_CREDENTIAL_SECRET"],
      ini: authtoken("application_credential_secret"),
      clouds: ["application_credential_secret"],
      secret: true,
      cloud: true,
    }),
    token: optional(string, "A token to start from; nobody can renew it", {
      env: ["OS_TOKEN", "OS_AUTH_TOKEN"],
      ini: authtoken("token"),
      clouds: ["token"],
      secret: true,
      cloud: true,
    }),
    os_region_name: optional(string, "Region in Keystone's catalogue, when it has several", {
      env: ["OS_REGION_NAME"],
      ini: [...authtoken("region_name"), "nova.region_name"],
      clouds: ["region_name"],
    }),
    os_interface: row(choice(...INTERFACES), "internal", "Which endpoints of the catalogue", {
      env: ["OS_INTERFACE", "OS_ENDPOINT_TYPE"],
      ini: [...authtoken("interface"), "nova.endpoint_type"],
      clouds: ["interface"],
    }),
    os_cacert: optional(string, "PEM file of the CA of Keystone, Neutron and Nova", {
      env: ["OS_CACERT"],
      ini: authtoken("cafile"),
      clouds: ["cacert"],
    }),
    os_cert: optional(string, "PEM file of our client certificate to them", {
      env: ["OS_CERT"],
      ini: authtoken("certfile"),
      clouds: ["cert"],
    }),
    os_key: optional(string, "PEM file of its key", {
      env: ["OS_KEY"],
      ini: authtoken("keyfile"),
      clouds: ["key"],
    }),
    insecure: row(boolean, "false", "Not honoured: certificates are always verified", {
      ini: authtoken("insecure"),
      clouds: ["insecure"],
    }),
    transport_url: optional(transport, "The message bus, as in neutron.conf", {
      ini: ["DEFAULT.transport_url"],
      secret: true,
      cloud: true,
    }),
    control_exchange: row(string, "neutron", "Neutron's exchange on the bus", {
      ini: ["DEFAULT.control_exchange"],
    }),
    rpc_timeout: row(integer(1, 600), "60", "Time that Neutron's answer may take", {
      unit: "s",
      ini: ["DEFAULT.rpc_response_timeout"],
    }),
    notification_topics: row(
      string,
      "notifications",
      "Topics of Neutron's notifications, separated by commas; none: do not listen",
      { ini: ["oslo_messaging_notifications.topics", "DEFAULT.notification_topics"] },
    ),
    notification_url: optional(transport, "Their message bus (default: transport_url's)", {
      ini: ["oslo_messaging_notifications.transport_url"],
      secret: true,
      cloud: true,
    }),
    bus_tls: row(boolean, "false", "TLS to the bus", { ini: ["oslo_messaging_rabbit.ssl"] }),
    bus_ca_file: optional(string, "PEM file of the CA that signed the broker's certificate", {
      ini: ["oslo_messaging_rabbit.ssl_ca_file"],
    }),
    bus_cert_file: optional(string, "PEM file of our client certificate", {
      ini: ["oslo_messaging_rabbit.ssl_cert_file"],
    }),
    bus_key_file: optional(string, "PEM file of its key", {
      ini: ["oslo_messaging_rabbit.ssl_key_file"],
    }),
    request_timeout: row(integer(1, 600), "30", "Deadline of one request", { unit: "s" }),
    page_size: row(integer(10, 10000), "1000", "Objects asked for in one page"),
  },
  Jobs: {
    startup_resync: row(choice("always", "never"), "always", START_HELP, {
      ini: ["calico.startup_resync"],
    }),
    resync_interval: row(integer(1, 86400), "60", "Interval of the periodic resync", {
      unit: "s",
    }),
    incremental_interval: row(
      integer(0, 86400),
      "10",
      "Between looks at ids and revisions, which find what has changed; 0: never",
      { unit: "s" },
    ),
    resync_max_interval: row(integer(1, 604800), "3600", "Warn when none succeeded for so long", {
      unit: "s",
    }),
    max_deletions: optional(
      integer(0, 10_000_000),
      "Objects of a kind that one comparison may delete (default: 50, or half of them)",
    ),
    address_pair_networks: optional(
      networks,
      "Networks in which an allowed address pair may be more than one address",
    ),
    ingress_burst_bits: row(
      anyCount,
      "4294967296",
      "Burst of a port whose ingress bandwidth is limited",
      { unit: "bits", ini: ["calico.ingress_burst_bits"] },
    ),
    ingress_minburst_bytes: row(
      anyCount,
      "0",
      "Smallest ingress burst at the peak rate; 0: not set",
      { unit: "bytes", ini: ["calico.ingress_minburst_bytes"] },
    ),
    ingress_burst_packets: row(
      anyCount,
      "5",
      "Burst of a port whose ingress packet rate is limited",
      { unit: "packets", ini: ["calico.ingress_burst_packets"] },
    ),
    max_ingress_connections_per_port: row(
      anyCount,
      "0",
      "Most ingress connections of a port; 0: no limit",
      { ini: ["calico.max_ingress_connections_per_port"] },
    ),
    egress_burst_bits: row(
      anyCount,
      "4294967296",
      "Burst of a port whose egress bandwidth is limited",
      { unit: "bits", ini: ["calico.egress_burst_bits"] },
    ),
    egress_minburst_bytes: row(
      anyCount,
      "0",
      "Smallest egress burst at the peak rate; 0: not set",
      { unit: "bytes", ini: ["calico.egress_minburst_bytes"] },
    ),
    egress_burst_packets: row(
      anyCount,
      "5",
      "Burst of a port whose egress packet rate is limited",
      { unit: "packets", ini: ["calico.egress_burst_packets"] },
    ),
    max_egress_connections_per_port: row(
      anyCount,
      "0",
      "Most egress connections of a port; 0: no limit",
      { ini: ["calico.max_egress_connections_per_port"] },
    ),
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
    lab_event_interval: row(integer(0, 86400), "5", "Between two things that happen; 0: nothing", {
      unit: "s",
    }),
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

/** All options, in the order in which they are shown. */
export const OPTIONS: readonly Option[] = Object.entries(GROUPS).flatMap(([group, rows]) =>
  Object.entries(rows).map(([name, row]: [string, OptionRow]) => ({
    ini: [],
    clouds: [],
    ...row,
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
