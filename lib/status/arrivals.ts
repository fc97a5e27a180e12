/**
 * The arrival of a migrating port at its destination, told to Nova, which waits for it before it goes on
 * with the migration.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Log } from "../base/log.ts";
import { endpointName, endpointNamePrefix, resourcePrefixes } from "../calico/keys.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import type { EventOutcome } from "../openstack/nova.ts";
import type { EndpointId } from "./felix_status.ts";
import type { PortUpdate } from "./reporter.ts";

/** Tells Nova that a server's port is ready at its migration's destination. @throws not now. */
export type NotifyNova = (
  server: string,
  port: string,
  signal: AbortSignal,
) => Promise<EventOutcome>;

/** What {@linkcode Arrivals} needs. */
export interface ArrivalsOptions {
  readonly etcd: Etcd3;
  readonly region: string | null;
  readonly notifyNova: NotifyNova;
  readonly log: Log;
}

/** Finds out which endpoints are destinations of live migrations, and tells Nova of those. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** Of LiveMigrations in etcd. */
  readonly #prefix: string;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#prefix = resourcePrefixes(options.region).LiveMigration;
  }

  /** Tells of those among the endpoints of one host that are up now. Resolves to errors by port. */
  async tell(
    updates: readonly (PortUpdate & EndpointId)[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const up = updates.filter(({ status, device }) => status === "ACTIVE" && device !== "");
    if (up.length === 0) return new Map();
    const failed = new Map<string, unknown>();
    try {
      const expected = await this.#expectedAt(up[0]!.host, signal);
      for (const endpoint of up) {
        const { host, device, port } = endpoint;
        if (!expected.has(endpointName(host, device, port))) continue;
        await this.#notify(endpoint, signal).catch((error) => failed.set(port, error));
      }
    } catch (error) {
      for (const { port } of up) failed.set(port, error);
    }
    return failed;
  }

  /** Names of the endpoints whose migration leads to that host: one read, since they are few. */
  async #expectedAt(host: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const prefix = this.#prefix + endpointNamePrefix(host);
    const { items } = await readSnapshot(this.#options.etcd, prefix, { signal });
    return new Set(items.map(({ key }) => key.slice(this.#prefix.length)));
  }

  async #notify({ host, device, port }: EndpointId, signal: AbortSignal): Promise<void> {
    const { notifyNova, log } = this.#options;
    const outcome = await notifyNova(device, port, signal);
    if ("taken" in outcome) log.info("Nova is told that a migrating port is ready", { host, port });
    else {
      const why = outcome.refused;
      log.warn("Nova does not take that a port is ready", { host, port, why });
    }
  }
}
