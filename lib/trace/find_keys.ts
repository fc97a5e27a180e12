/**
 * Every key of etcd that stands for some ports, whichever host, device and namespace it names. All names of
 * endpoints are looked through, without their values and for a limited time: a large cloud has a million.
 *
 * @module
 */
import { type Etcd3, EtcdPermissionDeniedError } from "etcd3";
import {
  allEndpointsPrefix,
  endpointNameParts,
  escapedPart,
  resourcePrefixes,
} from "../calico/keys.ts";
import { calicoNamespace } from "../calico/regions.ts";
import { snapshotPages } from "../etcd/snapshot.ts";
import type { TraceQuery } from "./query.ts";

/** Keys that are kept of what fits: far more than those of the ports that are shown. */
const MAX_KEYS = 10_000;

/** With more names than this, taking a key apart is cheaper than looking for each of them in it. */
const MAX_NEEDLES = 8;

/** A key that stands for a port. */
export interface PortKey {
  readonly key: string;
  readonly kind: "WorkloadEndpoint" | "LiveMigration";
  readonly namespace: string;
  readonly host: string;
  readonly port: string;
  readonly modRevision: string;
  /** It is below this region's namespace. */
  readonly isOwn: boolean;
}

/** What to look for. */
export interface KeySearch {
  readonly region: string | null;
  /** A port, a device or a host of that name. */
  readonly query: TraceQuery;
  /** Ports that are known already. */
  readonly ports: ReadonlySet<string>;
}

/** What a search has found, also when it did not come to its end. */
export class KeysFound {
  readonly keys: PortKey[] = [];
  /** All names were looked through. */
  isWhole = false;
  /** The namespaces of others may be read too. */
  seesOthers = true;
}

/**
 * Looks for the keys of ports that fit; what is found is noted in `found` at once. A user of etcd that may read
 * no other namespace than its own looks through that alone.
 *
 * @throws etcd does not answer, or the signal's reason.
 */
export async function findKeys(
  etcd: Etcd3,
  search: KeySearch,
  found: KeysFound,
  signal: AbortSignal,
): Promise<void> {
  const own = resourcePrefixes(search.region);
  // Migrations are few.
  for (const kind of ["LiveMigration", "WorkloadEndpoint"] as const) {
    const all = allEndpointsPrefix(kind);
    try {
      await scan(etcd, kind, all, search, found, signal);
    } catch (error) {
      if (!(error instanceof EtcdPermissionDeniedError)) throw error;
      found.seesOthers = false;
      await scan(etcd, kind, own[kind], search, found, signal);
    }
  }
  found.isWhole = true;
}

async function scan(
  etcd: Etcd3,
  kind: PortKey["kind"],
  prefix: string,
  { region, query, ports }: KeySearch,
  found: KeysFound,
  signal: AbortSignal,
): Promise<void> {
  const all = allEndpointsPrefix(kind);
  const own = calicoNamespace(region);
  const partsOf = (key: string) => {
    const slash = key.indexOf("/", all.length);
    const parts = slash < 0 ? null : endpointNameParts(key.slice(slash + 1));
    return parts && { ...parts, namespace: key.slice(all.length, slash) };
  };
  const needles = [query.text, ...ports].map(escapedPart);
  const wants = (key: string) => {
    // Most often all, and far cheaper than taking a name apart.
    if (needles.length <= MAX_NEEDLES && !needles.some((part) => key.includes(part))) return false;
    const parts = partsOf(key);
    if (parts === null) return false;
    const { host, device, port } = parts;
    return ports.has(port) || [host, device, port].includes(query.text);
  };
  for await (const { items } of snapshotPages(etcd, prefix, { keysOnly: true, signal, wants })) {
    for (const { key, modRevision, notText } of items) {
      if (notText || found.keys.length >= MAX_KEYS) continue;
      const { namespace, host, port } = partsOf(key)!;
      found.keys.push({ key, kind, namespace, host, port, modRevision, isOwn: namespace === own });
    }
  }
}
