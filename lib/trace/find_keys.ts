/**
 * Every key of etcd that stands for some ports, whichever host, device and namespace it names. All names of
 * endpoints are looked through, without their values and for a limited time: a large cloud has a million.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { allEndpointsPrefix, endpointNameParts } from "../calico/keys.ts";
import { calicoNamespace } from "../calico/regions.ts";
import { snapshotPages } from "../etcd/snapshot.ts";
import type { TraceQuery } from "./query.ts";

/** Keys that are kept of what fits: far more than those of the ports that are shown. */
const MAX_KEYS = 10_000;

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

/** The keys of ports that fit. @throws etcd does not answer, or the signal's reason. */
export async function findKeys(
  etcd: Etcd3,
  { region, query, ports }: KeySearch,
  signal: AbortSignal,
): Promise<PortKey[]> {
  const own = calicoNamespace(region);
  const found: PortKey[] = [];
  for (const kind of ["WorkloadEndpoint", "LiveMigration"] as const) {
    const prefix = allEndpointsPrefix(kind);
    const partsOf = (key: string) => {
      const slash = key.indexOf("/", prefix.length);
      const parts = slash < 0 ? null : endpointNameParts(key.slice(slash + 1));
      return parts && { ...parts, namespace: key.slice(prefix.length, slash) };
    };
    const wants = (key: string) => {
      const parts = partsOf(key);
      if (parts === null) return false;
      const { host, device, port } = parts;
      return ports.has(port) || [host, device, port].includes(query.text);
    };
    const options = { keysOnly: true, signal, wants };
    for await (const { items } of snapshotPages(etcd, prefix, options)) {
      for (const { key, modRevision, notText } of items) {
        if (notText || found.length >= MAX_KEYS) continue;
        const { namespace, host, port } = partsOf(key)!;
        const isOwn = namespace === own;
        found.push({ key, kind, namespace, host, port, modRevision, isOwn });
      }
    }
  }
  return found;
}
