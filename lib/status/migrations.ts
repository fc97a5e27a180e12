/**
 * The end of live migrations. While a port migrates, Neutron ignores what its destination reports, in
 * silence, because the port is bound to its source; and Felix, to which nothing changes at the end, does
 * not say it again. So when a LiveMigration goes, what the destination has said last is reported again.
 *
 * @module
 */
import { endpointNameParts, resourcePrefixes } from "../calico/keys.ts";
import type { EtcdConfig } from "../config/config_types.ts";
import { openEtcd } from "../etcd/client.ts";
import { mirror } from "../etcd/mirror.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import type { Watchdog } from "../role/heartbeat.ts";
import type { EndpointId } from "./felix_status.ts";

/** Nothing is written to see whether a silent stream still lives: nothing is looked at sooner, ms. */
const QUIET_MS = 60_000;

/** What {@linkcode followMigrations} needs. */
export interface MigrationsOptions extends Pick<JobContext, "clock"> {
  readonly region: string | null;
  readonly etcd: EtcdConfig;
  /** Told of every turn. */
  readonly watchdog: Pick<Watchdog, "within">;
  /** Called with the destination of every migration that has ended. */
  onEnd(destination: EndpointId): void;
}

/**
 * Runs until the term ends, on a connection of its own: npm:etcd3 throws beside every promise when one
 * of several watches on a connection ends while a response to it is on its way.
 */
export async function followMigrations(
  { signal }: Term,
  { clock, region, etcd: config, watchdog, onEnd }: MigrationsOptions,
): Promise<void> {
  const prefix = resourcePrefixes(region).LiveMigration;
  const destinationOf = (key: string) => endpointNameParts(key.slice(prefix.length));
  const etcd = openEtcd(config);
  const changes = mirror(etcd, prefix, {
    signal,
    clock,
    callTimeoutMs: config.callTimeoutMs,
    roundTripKey: null,
    quietMs: QUIET_MS,
    wants: (key) => destinationOf(key) !== null,
    onTurn: (withinMs) => watchdog.within(withinMs),
    onTrouble() {}, // the watch of endpoint status, on the same etcd, says what is wrong with it
  });
  try {
    for await (const batch of changes) {
      for (const { key, value } of batch) {
        if (value === null) onEnd(destinationOf(key)!);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    etcd.close();
  }
}
