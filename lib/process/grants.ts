/**
 * What permissions are made of: the hosts, files and names that a configuration speaks of, each as Deno
 * wants it granted. Exact hosts and ports, exact environment names, exact paths.
 *
 * A host name (rather than an address) costs more: grpc-js looks names up itself, which needs `net`
 * for the bare name, and connects to every address found. `addresses` supplies those.
 *
 * @module
 */
import { hostAndPort } from "../base/host_and_port.ts";
import type { BrokersConfig, Config } from "../config/config_types.ts";
import { pageUrl, reachable } from "../config/page_url.ts";
import { filesWith, type FOLDERS, sharedFiles } from "./state_files.ts";
import { isAddress, namesAmong } from "./host_addresses.ts";

/** The kinds of permissions that the table knows. */
export const KINDS = ["net", "read", "write", "env", "run", "sys"] as const;

/** Everything a process may do; an empty list grants nothing. */
export type PermissionRow = Readonly<Record<typeof KINDS[number], readonly string[]>>;

/** What has to be known besides the configuration. */
export interface PermissionPlaces {
  /** Folder of etcd3's `.proto` files, which it reads when it is imported. */
  readonly protoDir: string;
  /** Addresses that a host name stands for; an address stands for itself. */
  addresses(host: string): readonly string[];
}

/** A row that grants nothing. */
export const NOTHING: PermissionRow = { net: [], read: [], write: [], env: [], run: [], sys: [] };

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

/** What a row of the table is put together from. */
export type Grants = ReturnType<typeof grantsOf>;

/** The parts that this configuration grants on this machine. */
export function grantsOf(config: Config, places: PermissionPlaces) {
  const { etcd, openstack, bus, notifications, diagnostics, lab, stateDir } = config;
  const brokers = netOfBrokers(bus);
  /** `net` entries by peer; those of Neutron and Nova are empty until the catalogue was asked. */
  const net = {
    etcd: etcd.endpoints.flatMap((url) => grpcNet(url, places)),
    /** etcd tells its version, its quota and the time over HTTP. */
    etcdHttp: etcd.endpoints.map(hostPort),
    keystone: netOf(openstack.authUrl),
    neutron: netOf(openstack.neutronUrl),
    nova: netOf(openstack.novaUrl),
    bus: brokers,
    reports: bus ? brokers : netOf(lab.reportUrl),
    notifications: netOfBrokers(notifications?.bus),
    /** Names whose addresses have to be looked up. */
    unknownNames: hostNames(config).filter((host) => places.addresses(host).length === 0),
    pageListens: pageNet(diagnostics.host, config, places),
    pageReached: pageNet(reachable(diagnostics.host), config, places),
  };
  /** Paths to read, by use. */
  const files = {
    proto: [places.protoDir],
    etcd: tlsFiles(etcd),
    openstack: tlsFiles(openstack),
    bus: tlsFiles(bus),
    notifications: tlsFiles(notifications?.bus),
    pageCert: given(diagnostics.tls?.cert),
    pageKey: given(diagnostics.tls?.key),
  };
  /** What a role has without a connection to etcd, and with one; `net` comes to it. */
  const write = sharedFiles(stateDir);
  const withState = { read: [stateDir], write, env: [], run: [], sys: UPTIME };
  const withEtcd = {
    ...withState,
    read: unique([stateDir, ...files.proto, ...files.etcd]),
    env: GRPC_ENVIRONMENT,
  };
  /** What a role may write that has that folder for itself. */
  const writes = (folder: keyof typeof FOLDERS) => filesWith(folder, stateDir);
  return { config, net, files, withState, withEtcd, writes };
}

/** Host names in the configuration whose addresses have to be known beforehand. */
export function hostNames({ etcd, diagnostics }: Config): string[] {
  return namesAmong([...etcd.endpoints, pageUrl(diagnostics)]);
}

/** Each entry once, in the order of their first. */
export function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

/** What a connection over TLS reads. */
type TlsFiles = Pick<BrokersConfig, "caFile" | "certFile" | "keyFile">;

function given(...paths: readonly (string | null | undefined)[]): string[] {
  return paths.filter((path) => path !== null && path !== undefined);
}

const DEFAULT_PORTS: Record<string, string> = { "http:": "80", "https:": "443" };

/** `host:port` of a URL, with the port that its scheme implies. */
function hostPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || DEFAULT_PORTS[protocol]}`;
}

function netOf(url: string | null): string[] {
  return url ? [hostPort(url)] : [];
}

function netOfBrokers(brokers: BrokersConfig | null | undefined): string[] {
  return (brokers?.hosts ?? []).map(({ host, port }) => hostAndPort(host, port));
}

function tlsFiles(peer: TlsFiles | null | undefined): string[] {
  return given(peer?.caFile, peer?.certFile, peer?.keyFile);
}

/** `net` entries for grpc-js to reach a URL. */
function grpcNet(url: string, places: PermissionPlaces): string[] {
  const host = new URL(url).hostname;
  const port = hostPort(url).slice(host.length);
  if (isAddress(host)) return [host + port];
  return [host, ...places.addresses(host).map((address) => address + port)];
}

/** `net` entries of the page at `host`; a name is listened on and reached at its addresses. */
function pageNet(host: string, config: Config, places: PermissionPlaces): string[] {
  const { port } = config.diagnostics;
  const addresses = places.addresses(host).map((address) => `${address}:${port}`);
  return unique([hostAndPort(host, port), ...addresses]);
}
