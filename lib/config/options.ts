/**
 * The one table of options: how each is named on the command line, in the environment and in an
 * operator's existing configuration files, what it may be, and what it means. The table makes
 * `--help`, the README's table, the messages for bad values and the effective configuration.
 *
 * @module
 */
import { LOG_LEVELS } from "../base/log.ts";

/** What a value may be. */
export type OptionKind =
  | { readonly type: "string" }
  /** `--name` alone means true. */
  | { readonly type: "boolean" }
  | { readonly type: "integer"; readonly min: number; readonly max: number }
  | { readonly type: "url" }
  | { readonly type: "urls" }
  | { readonly type: "listen" }
  | { readonly type: "hosts" }
  /** Networks in CIDR notation. */
  | { readonly type: "networks" }
  | { readonly type: "choice"; readonly of: readonly string[] };

/** One option. */
export interface OptionRow {
  /** Name in messages and in the effective configuration, snake_case. */
  readonly name: string;
  readonly kind: OptionKind;
  readonly help: string;
  /** Default as it would be written, or null: unset. */
  readonly fallback: string | null;
  /** Unit, for people. */
  readonly unit?: string;
  /** Environment names, most specific first. */
  readonly env: readonly string[];
  /** Places in oslo INI files, `section.key`, first found wins. */
  readonly ini: readonly string[];
  /** Settings of a cloud in `clouds.yaml`; once a cloud is named, it alone counts for such an option. */
  readonly clouds: readonly string[];
  /** Never printed, and never taken from the command line. */
  readonly secret?: boolean;
  /** Group in `--help`. */
  readonly group: string;
  /** A setting of a real cloud: giving it turns the lab off. */
  readonly cloud?: boolean;
}

const string: OptionKind = { type: "string" };
const boolean: OptionKind = { type: "boolean" };
const integer = (min: number, max: number): OptionKind => ({ type: "integer", min, max });
const choice = (...of: string[]): OptionKind => ({ type: "choice", of });

interface Extra {
  unit?: string;
  ini?: string[];
  env?: string[];
  clouds?: string[];
  secret?: boolean;
  cloud?: boolean;
}

const AUTH_TYPES = [
  "password",
  "v3password",
  "v3applicationcredential",
  "token",
  "v3token",
  "none",
];
/** `internalURL` and the like are what older files call them. */
const INTERFACES = ["internal", "public", "admin", "internalURL", "publicURL", "adminURL"];
const NEUTRON_HELP = "Neutron, without /v2.0 (with an auth_url: from the catalogue)";
const START_HELP = "Resync at the start of a term; never: write nothing before one is asked for";
const NOVA_HELP = "Nova with its version (default with an auth_url: from the catalogue)";

/** Keys that keystoneauth reads in `[keystone_authtoken]`. */
function authtoken(...keys: string[]): string[] {
  return keys.map((key) => `keystone_authtoken.${key}`);
}

let group = "";
function row(
  name: string,
  kind: OptionKind,
  fallback: string | null,
  help: string,
  extra: Extra = {},
): OptionRow {
  const { env = [], ini = [], clouds = [], ...rest } = extra;
  return {
    name,
    kind,
    fallback,
    help,
    group,
    env: [`CONDUCTOR_${name.toUpperCase()}`, ...env],
    ini,
    clouds,
    ...rest,
  };
}

/** Starts a group of rows. */
function under<T>(name: string, rows: () => T): T {
  group = name;
  return rows();
}

/** All options, in the order in which they are shown. */
export const OPTIONS: readonly OptionRow[] = [
  ...under("Node", () => [
    row("node_name", string, null, "Name of this node (default: the host name)"),
    row("state_dir", string, null, "Directory for the node's state (default: see the README)"),
    row("region", string, null, "OpenStack region, when etcd holds several", {
      ini: ["calico.openstack_region"],
    }),
    row("listen", { type: "listen" }, "127.0.0.1:9797", "Address of the diagnostics page"),
    row("api_token", string, null, "Bearer token of the API's actions; unset: loopback only", {
      secret: true,
    }),
    row("listen_tls_cert", string, null, "PEM file of the page's certificate, its chain after it"),
    row(
      "listen_tls_key",
      string,
      null,
      "PEM file of its key; both are read again when they change",
    ),
    row(
      "allowed_hosts",
      { type: "hosts" },
      null,
      "Names under which the page is asked for, beside the node's, as behind a reverse proxy",
    ),
    row(
      "request_rate",
      integer(0, 1000000),
      "100",
      "Requests of one client to the page, after a burst of twice as many; 0: any",
      { unit: "/s" },
    ),
    row("log_level", choice(...LOG_LEVELS), "info", "Least severe level that is printed"),
    row("log_format", choice("text", "json"), "text", "For people or for machines"),
    row("role_timeout", integer(2, 600), "10", "A role silent for longer is restarted", {
      unit: "s",
    }),
    row("stop_timeout", integer(1, 60), "2", "A role that has not stopped by then is killed", {
      unit: "s",
    }),
  ]),
  ...under("etcd", () => [
    row("etcd", { type: "urls" }, "http://127.0.0.1:2379", "etcd's client URLs (repeatable)", {
      cloud: true,
    }),
    row("etcd_username", string, null, "User, when etcd asks for one", {
      ini: ["calico.etcd_username"],
      cloud: true,
    }),
    row("etcd_password", string, null, "Its password", {
      ini: ["calico.etcd_password"],
      secret: true,
      cloud: true,
    }),
    row("etcd_ca_file", string, null, "PEM file of the CA that signed etcd's certificate", {
      ini: ["calico.etcd_ca_cert_file"],
      cloud: true,
    }),
    row("etcd_cert_file", string, null, "PEM file of our client certificate", {
      ini: ["calico.etcd_cert_file"],
      cloud: true,
    }),
    row("etcd_key_file", string, null, "PEM file of its key", {
      ini: ["calico.etcd_key_file"],
      cloud: true,
    }),
    row("etcd_timeout", integer(1, 60), "5", "Deadline of one call", { unit: "s" }),
  ]),
  ...under("Election", () => [
    row("elector_name", string, null, "Name in the election (default: the host name)", {
      ini: ["calico.elector_name"],
    }),
    row("election_ttl", integer(3, 3600), "15", "Life of the election key's lease", { unit: "s" }),
    row("election_refresh", integer(1, 1200), "5", "Interval of its refresh", { unit: "s" }),
    row("election_margin", integer(1, 600), "2", "Mastership ends so long before the lease", {
      unit: "s",
    }),
    row(
      "respect_unleased_key",
      boolean,
      "false",
      "Never take over an election key without a lease, which nobody refreshes",
    ),
  ]),
  ...under("OpenStack", () => [
    row("neutron_url", { type: "url" }, "http://127.0.0.1:9696", NEUTRON_HELP, {
      clouds: ["network_endpoint_override"],
      cloud: true,
    }),
    row("nova_url", { type: "url" }, null, NOVA_HELP, {
      clouds: ["compute_endpoint_override"],
      cloud: true,
    }),
    row("os_cloud", string, null, "A cloud of clouds.yaml; it stands alone, see docs/keystone.md", {
      env: ["OS_CLOUD"],
      cloud: true,
    }),
    row("auth_url", { type: "url" }, null, "Keystone's URL; unset: requests carry no token", {
      env: ["OS_AUTH_URL"],
      ini: authtoken("auth_url"),
      clouds: ["auth_url"],
      cloud: true,
    }),
    row(
      "auth_type",
      choice(...AUTH_TYPES),
      null,
      "How to get a token (default: by what is given)",
      {
        env: ["OS_AUTH_TYPE"],
        ini: authtoken("auth_type"),
        clouds: ["auth_type"],
      },
    ),
    row("username", string, null, "Service user", {
      env: ["OS_USERNAME"],
      ini: authtoken("username", "user_name"),
      clouds: ["username", "user_name"],
      cloud: true,
    }),
    row("user_id", string, null, "Its id, instead of name and domain", {
      env: ["OS_USER_ID"],
      ini: authtoken("user_id"),
      clouds: ["user_id"],
      cloud: true,
    }),
    row("password", string, null, "Its password", {
      env: ["OS_PASSWORD"],
      ini: authtoken("password"),
      clouds: ["password"],
      secret: true,
      cloud: true,
    }),
    row("user_domain_name", string, "Default", "The user's domain", {
      env: ["OS_USER_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
      ini: authtoken("user_domain_name", "default_domain_name"),
      clouds: ["user_domain_name", "default_domain_name", "default_domain", "domain_name"],
    }),
    row("user_domain_id", string, null, "The same by id", {
      env: ["OS_USER_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"],
      ini: authtoken("user_domain_id", "default_domain_id"),
      clouds: ["user_domain_id", "default_domain_id", "domain_id"],
    }),
    row("project_name", string, null, "Its project", {
      env: ["OS_PROJECT_NAME", "OS_TENANT_NAME"],
      ini: authtoken("project_name", "tenant_name"),
      clouds: ["project_name", "tenant_name"],
      cloud: true,
    }),
    row("project_id", string, null, "The same by id", {
      env: ["OS_PROJECT_ID", "OS_TENANT_ID"],
      ini: authtoken("project_id", "tenant_id"),
      clouds: ["project_id", "tenant_id"],
      cloud: true,
    }),
    row("project_domain_name", string, "Default", "The project's domain", {
      env: ["OS_PROJECT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
      ini: authtoken("project_domain_name", "default_domain_name"),
      clouds: ["project_domain_name", "default_domain_name", "default_domain", "domain_name"],
    }),
    row("project_domain_id", string, null, "The same by id", {
      env: ["OS_PROJECT_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"],
      ini: authtoken("project_domain_id", "default_domain_id"),
      clouds: ["project_domain_id", "default_domain_id", "domain_id"],
    }),
    row("application_credential_id", string, null, "Application credential, instead of a user", {
      env: ["OS_APPLICATION_CREDENTIAL_ID"],
      ini: authtoken("application_credential_id"),
      clouds: ["application_credential_id"],
      cloud: true,
    }),
    row("application_credential_name", string, null, "Its name, with the user whose it is", {
      env: ["OS_APPLICATION_CREDENTIAL_NAME"],
      ini: authtoken("application_credential_name"),
      clouds: ["application_credential_name"],
      cloud: true,
    }),
    row("application_credential_secret", string, null, "Its secret", {
      env: ["OS_APPLICATION_CREDENTIAL_SECRET"],
      ini: authtoken("application_credential_secret"),
      clouds: ["application_credential_secret"],
      secret: true,
      cloud: true,
    }),
    row("token", string, null, "A token to start from; nobody can renew it", {
      env: ["OS_TOKEN", "OS_AUTH_TOKEN"],
      ini: authtoken("token"),
      clouds: ["token"],
      secret: true,
      cloud: true,
    }),
    row("os_region_name", string, null, "Region in Keystone's catalogue, when it has several", {
      env: ["OS_REGION_NAME"],
      ini: [...authtoken("region_name"), "nova.region_name"],
      clouds: ["region_name"],
    }),
    row("os_interface", choice(...INTERFACES), "internal", "Which endpoints of the catalogue", {
      env: ["OS_INTERFACE", "OS_ENDPOINT_TYPE"],
      ini: [...authtoken("interface"), "nova.endpoint_type"],
      clouds: ["interface"],
    }),
    row("os_cacert", string, null, "PEM file of the CA of Keystone, Neutron and Nova", {
      env: ["OS_CACERT"],
      ini: authtoken("cafile"),
      clouds: ["cacert"],
    }),
    row("os_cert", string, null, "PEM file of our client certificate to them", {
      env: ["OS_CERT"],
      ini: authtoken("certfile"),
      clouds: ["cert"],
    }),
    row("os_key", string, null, "PEM file of its key", {
      env: ["OS_KEY"],
      ini: authtoken("keyfile"),
      clouds: ["key"],
    }),
    row("insecure", boolean, "false", "Not honoured: certificates are always verified", {
      ini: authtoken("insecure"),
      clouds: ["insecure"],
    }),
    row("transport_url", string, null, "The message bus, as in neutron.conf", {
      ini: ["DEFAULT.transport_url"],
      secret: true,
      cloud: true,
    }),
    row("control_exchange", string, "neutron", "Neutron's exchange on the bus", {
      ini: ["DEFAULT.control_exchange"],
    }),
    row("rpc_timeout", integer(1, 600), "60", "Time that Neutron's answer may take", {
      unit: "s",
      ini: ["DEFAULT.rpc_response_timeout"],
    }),
    row(
      "notification_topics",
      string,
      "notifications",
      "Topics of Neutron's notifications, separated by commas; none: do not listen",
      { ini: ["oslo_messaging_notifications.topics", "DEFAULT.notification_topics"] },
    ),
    row("notification_url", string, null, "Their message bus (default: transport_url's)", {
      ini: ["oslo_messaging_notifications.transport_url"],
      secret: true,
      cloud: true,
    }),
    row("bus_tls", boolean, "false", "TLS to the bus", { ini: ["oslo_messaging_rabbit.ssl"] }),
    row("bus_ca_file", string, null, "PEM file of the CA that signed the broker's certificate", {
      ini: ["oslo_messaging_rabbit.ssl_ca_file"],
    }),
    row("bus_cert_file", string, null, "PEM file of our client certificate", {
      ini: ["oslo_messaging_rabbit.ssl_cert_file"],
    }),
    row("bus_key_file", string, null, "PEM file of its key", {
      ini: ["oslo_messaging_rabbit.ssl_key_file"],
    }),
    row("request_timeout", integer(1, 600), "30", "Deadline of one request", { unit: "s" }),
    row("page_size", integer(10, 10000), "1000", "Objects asked for in one page"),
  ]),
  ...under("Jobs", () => [
    row("startup_resync", choice("always", "never"), "always", START_HELP, {
      ini: ["calico.startup_resync"],
    }),
    row("resync_interval", integer(1, 86400), "60", "Interval of the periodic resync", {
      unit: "s",
    }),
    row(
      "incremental_interval",
      integer(0, 86400),
      "10",
      "Between looks at ids and revisions, which find what has changed; 0: never",
      { unit: "s" },
    ),
    row("resync_max_interval", integer(1, 604800), "3600", "Warn when none succeeded for so long", {
      unit: "s",
    }),
    row(
      "max_deletions",
      integer(0, 10_000_000),
      null,
      "Objects of a kind that one comparison may delete (default: 50, or half of them)",
    ),
    row(
      "address_pair_networks",
      { type: "networks" },
      null,
      "Networks in which an allowed address pair may be more than one address",
    ),
    ...(["ingress", "egress"] as const).flatMap((direction) => [
      row(
        `${direction}_burst_bits`,
        integer(0, Number.MAX_SAFE_INTEGER),
        "4294967296",
        `Burst of a port whose ${direction} bandwidth is limited`,
        { unit: "bits", ini: [`calico.${direction}_burst_bits`] },
      ),
      row(
        `${direction}_minburst_bytes`,
        integer(0, Number.MAX_SAFE_INTEGER),
        "0",
        `Smallest ${direction} burst at the peak rate; 0: not set`,
        { unit: "bytes", ini: [`calico.${direction}_minburst_bytes`] },
      ),
      row(
        `${direction}_burst_packets`,
        integer(0, Number.MAX_SAFE_INTEGER),
        "5",
        `Burst of a port whose ${direction} packet rate is limited`,
        { unit: "packets", ini: [`calico.${direction}_burst_packets`] },
      ),
      row(
        `max_${direction}_connections_per_port`,
        integer(0, Number.MAX_SAFE_INTEGER),
        "0",
        `Most ${direction} connections of a port; 0: no limit`,
        { ini: [`calico.max_${direction}_connections_per_port`] },
      ),
    ]),
    row("compaction_period", integer(0, 10080), "60", "Between compactions of etcd; 0: never", {
      unit: "min",
      ini: ["calico.etcd_compaction_period_mins"],
    }),
    row("compaction_min_revisions", integer(0, 1000000000), "1000", "Revisions always kept", {
      ini: ["calico.etcd_compaction_min_revisions"],
    }),
    row("port_status_threads", integer(1, 64), "4", "Port status reports in flight", {
      ini: ["calico.num_port_status_threads"],
    }),
  ]),
  ...under("Lab", () => [
    row(
      "lab",
      choice("auto", "on", "off", "join"),
      "auto",
      "A whole cloud in small; auto: when no etcd or OpenStack is set; join: another node's",
    ),
    row("lab_ports", integer(0, 100000), "200", "VM ports of the seeded cloud"),
    row("lab_hosts", integer(1, 5000), "5", "Hosts of the seeded cloud"),
    row("lab_seed", integer(0, 2147483647), "1", "What the cloud and its events are drawn from"),
    row(
      "lab_event_interval",
      integer(0, 86400),
      "5",
      "Between two things that happen; 0: nothing",
      {
        unit: "s",
      },
    ),
    row(
      "lab_speed",
      integer(1, 1000),
      "1",
      "How many times faster than in life things happen and agents report",
    ),
    row(
      "lab_etcd_port",
      integer(1, 65534),
      "12379",
      "Client port of the lab's etcd; its peer port is one above",
    ),
    row("lab_openstack_port", integer(1, 65535), "9696", "Port of the lab's OpenStack"),
  ]),
];

/** The flag of an option. */
export function flagOf(option: OptionRow): string {
  return `--${option.name.replaceAll("_", "-")}`;
}

/** What an option may be, in words. */
export function allowedValues(kind: OptionKind): string {
  switch (kind.type) {
    case "string":
      return "text";
    case "boolean":
      return "true | false";
    case "integer":
      return `a whole number from ${kind.min} to ${kind.max}`;
    case "url":
      return "a URL such as http://host:9696";
    case "urls":
      return "URLs such as http://host:2379, of one scheme, separated by commas";
    case "listen":
      return "an address and a port such as 127.0.0.1:9797";
    case "hosts":
      return "names such as conductor.example or conductor.example:443, separated by commas";
    case "networks":
      return "networks such as 10.244.0.0/16, separated by commas";
    case "choice":
      return kind.of.join(" | ");
  }
}
