/**
 * Simulated Felix agents, one per host: each writes its status under a lease, and a status for every
 * endpoint of its host, a moment after the endpoint appears in etcd.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { hostOfEndpointName, resourcePrefixes } from "../lib/calico/keys.ts";
import { calicoNamespace } from "../lib/calico/regions.ts";
import type { Clock } from "../lib/clock.ts";
import { type Change, mirror } from "../lib/etcd/mirror.ts";
import type { Log } from "../lib/log.ts";
import { felixPrefix } from "../lib/status/felix_status.ts";
import type { Random } from "./random.ts";

const STATUS_INTERVAL_MS = 10_000;
const LEASE_SECONDS = 90;
const TURN_MS = 1000;
const PLUG_MS = 50;

/** What the agents need. */
export interface FelixOptions {
  readonly etcd: Etcd3;
  readonly region: string | null;
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** All agents of the lab. */
export class Felixes {
  readonly #prefix: string;
  readonly #startedAt: number;
  readonly #keyOf = new Map<string, string>();
  readonly #failing = new Set<string>();
  #lease: string | null = null;

  constructor(readonly options: FelixOptions) {
    this.#prefix = felixPrefix(options.region);
    this.#startedAt = options.clock.now();
  }

  /** Runs until the signal aborts; etcd may go away and come back meanwhile. */
  async run(): Promise<void> {
    await Promise.all([this.#reportStatus(), this.#followEndpoints()]);
  }

  /** Lets an endpoint fail (`error`, `down`) or recover (`up`). */
  async setEndpoint(portId: string, status: "up" | "down" | "error"): Promise<void> {
    const key = [...this.#keyOf.values()].find((k) => k.endsWith(`/${portId}`));
    if (!key) return;
    if (status === "up") this.#failing.delete(portId);
    else this.#failing.add(portId);
    await this.#put(key, { status });
  }

  async #put(key: string, value: unknown): Promise<void> {
    this.#lease ??= (await this.options.etcd.leaseClient.leaseGrant({ TTL: LEASE_SECONDS })).ID;
    await this.options.etcd.put(key).value(JSON.stringify(value)).lease(this.#lease).exec();
  }

  async #keepLease(): Promise<void> {
    if (this.#lease === null) return;
    const deadline = { deadline: Date.now() + 5000 };
    const stream = await this.options.etcd.leaseClient.leaseKeepAlive(deadline);
    try {
      const left = await new Promise<number>((resolve, reject) => {
        stream.on("data", (data) => resolve(Number(data.TTL)));
        stream.on("error", reject);
        stream.write({ ID: this.#lease! });
      });
      if (left <= 0) this.#lease = null;
    } finally {
      stream.on("error", () => {});
      stream.cancel();
    }
  }

  async #reportStatus(): Promise<void> {
    const { hosts, clock, signal, random, log } = this.options;
    const dueAt = new Map(hosts.map((host) => [host, clock.now() + random.below(2000)]));
    const reported = new Set<string>();
    let keptAt = 0;
    while (!signal.aborted) {
      const now = clock.now();
      try {
        if (now - keptAt > STATUS_INTERVAL_MS) {
          await this.#keepLease();
          keptAt = now;
        }
        for (const host of hosts) {
          if (dueAt.get(host)! > now) continue;
          await this.#put(`${this.#prefix}${host}/status`, {
            time: new Date(now).toISOString(),
            uptime: (now - this.#startedAt) / 1000,
            first_update: !reported.has(host),
          });
          reported.add(host);
          dueAt.set(host, now + STATUS_INTERVAL_MS);
        }
      } catch (error) {
        this.#lease = null;
        log.warn("simulated Felix cannot write its status, trying again", { error });
      }
      await clock.sleep(TURN_MS, signal).catch(() => {});
    }
  }

  async #followEndpoints(): Promise<void> {
    const { etcd, region, clock, signal, log } = this.options;
    const prefix = resourcePrefixes(region).WorkloadEndpoint;
    const changes = mirror(etcd, prefix, {
      signal,
      clock,
      wants: () => true,
      onTrouble: () => {},
    });
    try {
      for await (const batch of changes) {
        await clock.sleep(PLUG_MS, signal);
        for (const change of batch) {
          await this.#endpointChanged(change, prefix).catch((error) => {
            this.#lease = null;
            log.warn("simulated Felix cannot write an endpoint's status", { error });
          });
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #endpointChanged({ key, value }: Change, prefix: string): Promise<void> {
    const known = this.#keyOf.get(key);
    if (value === null) {
      this.#keyOf.delete(key);
      if (known) await this.options.etcd.delete().key(known);
      return;
    }
    if (known) return;
    const host = hostOfEndpointName(key.slice(prefix.length));
    const { spec } = JSON.parse(new TextDecoder().decode(value));
    if (!host || !this.options.hosts.includes(host)) return;
    const namespace = calicoNamespace(this.options.region);
    const workload = `${namespace}%2f${spec.workload}`;
    const status =
      `${this.#prefix}${host}/workload/openstack/${workload}/endpoint/${spec.endpoint}`;
    this.#keyOf.set(key, status);
    await this.#put(status, { status: this.#failing.has(spec.endpoint) ? "error" : "up" });
  }
}
