/** A trace in a process of its own: what it is told, and what it does. @module */
import type { Config } from "../config/config_types.ts";
import type { ResyncConfig } from "../sync/sources/base.ts";
import type { TraceQuery } from "./query.ts";

/** What it is told. */
export interface TraceInput extends Pick<Config, "etcd"> {
  readonly config: ResyncConfig;
  readonly query: TraceQuery;
}

/** What of the configuration it is told, and what to look for. */
export function traceInput(
  { region, openstack, etcd, sync: { qos, maxDeletions, addressPairNetworks } }: Config,
  query: TraceQuery,
): TraceInput {
  return {
    config: { region, openstack, sync: { qos, maxDeletions, addressPairNetworks } },
    etcd,
    query,
  };
}
