/**
 * Live migrations, and above all their end. While a port migrates it is bound to its source, and Neutron silently ignores
 * what the destination reports. Felix does not repeat it when the migration ends, because nothing changes
 * for Felix then. So when a LiveMigration is deleted, the destination's last status is reported again.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { endpointNameParts, resourcePrefixes } from "../calico/keys.ts";
import { mirror } from "../etcd/mirror.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import type { Watchdog } from "../role/heartbeat.ts";
import type { EndpointId } from "./felix_status.ts";

/** How long the stream may be silent before it is checked, ms: nothing is written to keep it busy. */
const QUIET_MS = 60_000;

/** What {@linkcode followMigrations} needs. */
export interface MigrationsOptions extends Pick<JobContext, "clock"> {
  readonly region: string | null;
  readonly etcd: Etcd3;
  /** etcd's deadline of one call, ms. */
  readonly callTimeoutMs: number;
  /** Told when the next turn is due. */
  readonly watchdog: Pick<Watchdog, "within">;
  /** Called with the destination of every migration that is there, and its value in etcd. */
  onStand?(destination: EndpointId, value: Uint8Array): void;
  /** Called with the destination of every migration that has ended. */
  onEnd(destination: EndpointId): void;
}

/** Runs until the term ends. @throws the watch has failed. */
export async function followMigrations(
  { signal }: Term,
  { clock, region, etcd, callTimeoutMs, watchdog, onStand, onEnd }: MigrationsOptions,
): Promise<void> {
  const prefix = resourcePrefixes(region).LiveMigration;
  const destinationOf = (key: string) => endpointNameParts(key.slice(prefix.length));
  const changes = mirror(etcd, prefix, {
    signal,
    clock,
    callTimeoutMs,
    roundTripKey: null,
    quietMs: QUIET_MS,
    wants: (key) => destinationOf(key) !== null,
    onTurn: (withinMs) => watchdog.within(withinMs),
    onTrouble() {}, // the watch of endpoint status reports what is wrong with the same etcd
  });
  try {
    for await (const batch of changes) {
      for (const { key, value } of batch) {
        if (value === null) onEnd(destinationOf(key)!);
        else onStand?.(destinationOf(key)!, value);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
