/** What Felix says of some ports at some hosts, and whether it is alive there. @module */
import type { Etcd3 } from "etcd3";
import { felixPrefix } from "../calico/keys.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import {
  agentHost,
  endpointId,
  parseAgentStatus,
  parsePortStatus,
} from "../status/felix_status.ts";
import { freshness } from "../status/freshness.ts";
import type { FelixReport, TracedAgent } from "./trace.ts";

/** What was found. */
export interface FelixAccount {
  readonly reports: (FelixReport & { readonly port: string })[];
  readonly agents: TracedAgent[];
}

/** Reads what Felix reports at these hosts. `now`: ms since the epoch. @throws etcd does not answer. */
export async function readFelix(
  etcd: Etcd3,
  region: string | null,
  { ports, hosts, now, signal }: {
    readonly ports: ReadonlySet<string>;
    readonly hosts: Iterable<string>;
    readonly now: number;
    readonly signal: AbortSignal;
  },
): Promise<FelixAccount> {
  const prefix = felixPrefix(region);
  const reports: FelixAccount["reports"] = [];
  const agents: TracedAgent[] = [];
  const wants = (key: string) =>
    agentHost(key, prefix) !== null || ports.has(endpointId(key, prefix)?.port ?? "");
  for (const host of hosts) {
    const { items } = await readSnapshot(etcd, `${prefix}${host}/`, { signal, wants });
    let agent: TracedAgent = { host, time: null, state: "none" };
    for (const { key, value, modRevision, notText } of items) {
      if (notText) continue;
      const id = endpointId(key, prefix);
      if (id) {
        reports.push({ host, port: id.port, key, status: parsePortStatus(value), modRevision });
      } else {
        const time = parseAgentStatus(value)?.time ?? null;
        agent = { host, time, state: freshness(time, now) };
      }
    }
    agents.push(agent);
  }
  return { reports, agents };
}
