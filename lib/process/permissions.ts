/**
 * What each process may do: one table, computed from the configuration. Exact hosts and ports, exact
 * environment names, exact paths; nothing else is granted, so a role that is taken over can reach
 * what it needs for its job and no more.
 *
 * A host name (rather than an address) costs more: grpc-js looks names up itself, which needs `net`
 * for the bare name, and connects to every address found. `addresses` supplies those.
 *
 * `deno task audit` holds this table against what is used; see `tests/audit`.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import { pageUrl, reachable } from "../diagnostics/page_url.ts";
import { hostAndPort, namesAmong } from "./host_addresses.ts";
import type { RoleName } from "../node/role_names.ts";

/** Everything a process may do; an empty list grants nothing. */
export interface PermissionRow {
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly env: readonly string[];
  readonly run: readonly string[];
  readonly sys: readonly string[];
}

/** What the table needs to know besides the configuration. */
export interface PermissionPlaces {
  /** Folder of etcd3's `.proto` files, which it reads when it is imported. */
  readonly protoDir: string;
  /** Addresses that a host name stands for; an address stands for itself. */
  addresses(host: string): readonly string[];
}

/** One-shot tools, see `tool.ts`; each has a case in {@linkcode permissionRow}. */
export const TOOL_NAMES = [
  "name-lookup",
  "endpoint-lookup",
  "page-reader",
  "doctor",
  "dry-run",
] as const;

/** A process that has a row. */
export type ProcessName = RoleName | "lab" | typeof TOOL_NAMES[number];

/** A row that grants nothing. */
const NOTHING: PermissionRow = { net: [], read: [], write: [], env: [], run: [], sys: [] };

/** Names that npm:etcd3 (through grpc-js) reads from the environment. */
export const GRPC_ENVIRONMENT: readonly string[] = [
  "GRPC_NODE_VERBOSITY",
  "GRPC_VERBOSITY",
  "GRPC_NODE_TRACE",
  "GRPC_TRACE",
  "GRPC_SSL_CIPHER_SUITES",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "GRPC_NODE_USE_ALTERNATIVE_RESOLVER",
  "GRPC_NODE_DEBUG_SEND_ERROR_DETAILS",
  "GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION",
  "grpc_proxy",
  "https_proxy",
  "http_proxy",
];

/** What `isMaster` reads beside the wall clock. */
const UPTIME = ["osUptime"];

const DEFAULT_PORTS: Record<string, string> = { "http:": "80", "https:": "443" };

/** `host:port` of a URL, with the port that its scheme implies. */
export function hostPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || DEFAULT_PORTS[protocol]}`;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** Host names in the configuration whose addresses have to be known beforehand. */
export function hostNames({ etcd, diagnostics }: Config): string[] {
  return namesAmong([...etcd.endpoints, pageUrl(diagnostics)]);
}

/** `net` entries for grpc-js to reach a URL. */
function grpcNet(url: string, places: PermissionPlaces): string[] {
  const target = hostPort(url);
  const host = target.slice(0, target.lastIndexOf(":"));
  const port = target.slice(host.length + 1);
  if (isAddress(host)) return [target];
  const found = places.addresses(host).map((address) => `${address}:${port}`);
  return [host, ...found];
}

/** `net` entries of the page at `host`; a name is listened on and reached at its addresses. */
function pageNet(host: string, config: Config, places: PermissionPlaces): string[] {
  const { port } = config.diagnostics;
  const addresses = places.addresses(host).map((address) => `${address}:${port}`);
  return unique([hostAndPort(host, port), ...addresses]);
}

function unique(items: readonly (string | null)[]): string[] {
  return [...new Set(items.filter((item) => item !== null))];
}

/** The row of one process. */
export function permissionRow(
  name: ProcessName,
  config: Config,
  places: PermissionPlaces,
): PermissionRow {
  const { etcd, openstack } = config;
  const etcdNet = etcd.endpoints.flatMap((url) => grpcNet(url, places));
  const tlsFiles = [etcd.caFile, etcd.certFile, etcd.keyFile];
  const state = [config.stateDir];
  const usesEtcd = {
    read: unique([...state, places.protoDir, ...tlsFiles]),
    write: state,
    env: GRPC_ENVIRONMENT,
    run: [],
    sys: UPTIME,
  };
  const keystone = openstack.authUrl ? [hostPort(openstack.authUrl)] : [];
  const nova = openstack.novaUrl ? [hostPort(openstack.novaUrl)] : [];
  // Empty until Keystone's catalogue was asked, see `catalogue_lookup.ts`.
  const neutron = openstack.neutronUrl ? [hostPort(openstack.neutronUrl)] : [];
  const openstackFiles = [openstack.caFile, openstack.certFile, openstack.keyFile];
  const { bus } = config;
  const reports = bus
    ? bus.hosts.map(({ host, port }) => hostAndPort(host, port))
    : config.lab.reportUrl
    ? [hostPort(config.lab.reportUrl)]
    : [];
  const busFiles = bus ? [bus.caFile, bus.certFile, bus.keyFile] : [];
  const heard = config.notifications?.bus;
  const heardFiles = heard ? [heard.caFile, heard.certFile, heard.keyFile] : [];
  const reporting = { ...usesEtcd, read: unique([...usesEtcd.read, ...busFiles]) };
  switch (name) {
    case "manager":
      return { ...usesEtcd, net: unique(etcdNet) };
    case "resource-syncer":
      return {
        ...usesEtcd,
        net: unique([
          ...etcdNet,
          ...neutron,
          ...keystone,
          ...(heard?.hosts ?? []).map(({ host, port }) => hostAndPort(host, port)),
        ]),
        read: unique([...usesEtcd.read, ...openstackFiles, ...heardFiles]),
      };
    case "agent-status-watcher":
      return { ...reporting, net: unique([...etcdNet, ...reports]) };
    case "endpoint-status-watcher":
      // Over the bus, a port's data_plane_status goes to Neutron itself.
      return {
        ...reporting,
        net: unique([...etcdNet, ...reports, ...(bus ? neutron : []), ...keystone, ...nova]),
        read: unique([...reporting.read, ...openstackFiles]),
      };
    case "diagnostics": {
      const { host, tls } = config.diagnostics;
      return {
        net: pageNet(host, config, places),
        read: unique([...state, tls?.cert ?? null, tls?.key ?? null]),
        write: state,
        env: [],
        run: [],
        sys: UPTIME,
      };
    }
    case "lab":
      return {
        ...usesEtcd,
        net: unique([...etcdNet, `127.0.0.1:${config.lab.openstackPort}`]),
        run: ["sh"],
        sys: [],
      };
    case "endpoint-lookup":
      return { ...NOTHING, net: keystone, read: unique(openstackFiles) };
    case "page-reader": {
      const { host, tls } = config.diagnostics;
      return {
        ...NOTHING,
        net: pageNet(reachable(host), config, places),
        read: unique([tls?.cert ?? null]),
      };
    }
    case "doctor":
      return {
        ...usesEtcd,
        net: unique([
          ...etcdNet,
          // etcd tells the time over HTTP.
          ...etcd.endpoints.map(hostPort),
          ...keystone,
          ...neutron,
          ...nova,
          ...(bus ? reports : []),
        ]),
        read: unique([
          ...usesEtcd.read,
          ...openstackFiles,
          ...busFiles,
          config.diagnostics.tls?.cert ?? null,
          config.diagnostics.tls?.key ?? null,
        ]),
        sys: ["statfs"],
      };
    case "dry-run":
      // No state directory, and nothing that can be written.
      return {
        ...NOTHING,
        net: unique([...etcdNet, ...neutron, ...keystone]),
        read: unique([places.protoDir, ...tlsFiles, ...openstackFiles]),
        env: GRPC_ENVIRONMENT,
      };
    case "name-lookup":
      // A bare name is what looking it up needs; connecting to it would need its port as well.
      return {
        ...NOTHING,
        net: hostNames(config).filter((host) => places.addresses(host).length === 0),
      };
  }
}

/** The kinds of permissions that the table knows. */
export const KINDS = ["net", "read", "write", "env", "run", "sys"] as const;

/** The row as the permissions of a Worker, all that is not in it refused. */
export function workerPermissions(row: PermissionRow): Deno.PermissionOptionsObject {
  const granted = KINDS.map((kind) => [kind, row[kind].length > 0 ? [...row[kind]] : false]);
  return { ...Object.fromEntries(granted), ffi: false, import: false };
}

/** The row as flags of `deno run`; a kind without entries gets no flag at all. */
export function permissionFlags(row: PermissionRow): string[] {
  const flags = KINDS
    .filter((kind) => row[kind].length > 0)
    .map((kind) =>
      `--allow-${kind}=${row[kind].map((item) => item.replaceAll(",", ",,")).join(",")}`
    );
  return ["--no-prompt", ...flags];
}
