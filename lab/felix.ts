/**
 * Simulated Felix agents, one per host. Each writes its own status under a lease, and a status of every
 * endpoint of its host a moment after the endpoint appears in etcd.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { endpointNameParts, resourcePrefixes } from "../lib/calico/keys.ts";
import { calicoNamespace } from "../lib/calico/regions.ts";
import type { Clock } from "../lib/base/clock.ts";
import { keepLeaseAlive } from "../lib/etcd/lease.ts";
import { type Change, mirror } from "../lib/etcd/mirror.ts";
import type { Log } from "../lib/base/log.ts";
import type { Watchdog } from "../lib/role/heartbeat.ts";
import { felixPrefix } from "../lib/status/felix_status.ts";
import type { Random } from "./random.ts";

const STATUS_INTERVAL_MS = 10_000;
const LEASE_SECONDS = 90;
const TURN_MS = 1000;
const PLUG_MS = 50;
const CALL_MS = 5000;
/** Longest turn of one agent or of following endpoints, ms: some calls, each with a deadline. */
const LATE_MS = 30_000;

/** What the agents need. */
export interface FelixOptions {
  readonly etcd: Etcd3;
  readonly region: string | null;
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** How many times faster than real agents they report. @default 1 */
  readonly speed?: number;
  /** Told of each turn of the two loops. */
  readonly loops?: { readonly status: Watchdog; readonly endpoints: Watchdog };
}

/** The agent of one host. Its keys live under its own lease; with a new lease, all are written again. */
class Agent {
  readonly #keys = new Map<string, string>();
  #lease: string | null = null;
  dueAt = 0;
  reported = false;

  constructor(readonly etcd: Etcd3) {}

  async put(key: string, value: unknown): Promise<void> {
    const text = JSON.stringify(value);
    this.#keys.set(key, text);
    await this.#write(key, text);
  }

  async delete(key: string): Promise<void> {
    this.#keys.delete(key);
    await this.etcd.delete().key(key);
  }

  /** Extends the lease; with an expired one, grants another and writes every key again. */
  async keepLease(): Promise<void> {
    if (this.#lease !== null && await keepLeaseAlive(this.etcd, this.#lease, CALL_MS)) return;
    this.#lease = null;
    for (const [key, text] of this.#keys) await this.#write(key, text);
  }

  async #write(key: string, text: string): Promise<void> {
    this.#lease ??= (await this.etcd.leaseClient.leaseGrant({ TTL: LEASE_SECONDS })).ID;
    await this.etcd.put(key).value(text).lease(this.#lease).exec();
  }
}

/** All agents of the lab. */
export class Felixes {
  readonly #prefix: string;
  readonly #startedAt: number;
  readonly #agents: Map<string, Agent>;
  readonly #placeOf = new Map<string, { host: string; port: string; key: string }>();
  readonly #failing = new Set<string>();

  constructor(readonly options: FelixOptions) {
    this.#prefix = felixPrefix(options.region);
    this.#startedAt = options.clock.now();
    this.#agents = new Map(options.hosts.map((host) => [host, new Agent(options.etcd)]));
  }

  /** Runs until the signal aborts; etcd may go away and come back meanwhile. */
  async run(): Promise<void> {
    await Promise.all([this.#reportStatus(), this.#followEndpoints()]);
  }

  /** Lets an endpoint fail (`error`, `down`) or recover (`up`). */
  async setEndpoint(portId: string, status: "up" | "down" | "error"): Promise<void> {
    const place = [...this.#placeOf.values()].find(({ port }) => port === portId);
    if (!place) return;
    if (status === "up") this.#failing.delete(portId);
    else this.#failing.add(portId);
    await this.#agents.get(place.host)!.put(place.key, { status });
  }

  async #reportStatus(): Promise<void> {
    const { clock, signal, random, log, speed = 1 } = this.options;
    const intervalMs = STATUS_INTERVAL_MS / speed;
    for (const agent of this.#agents.values()) agent.dueAt = clock.now() + random.below(2000);
    while (!signal.aborted) {
      for (const [host, agent] of this.#agents) {
        const now = clock.now();
        this.options.loops?.status.within(LATE_MS);
        if (agent.dueAt > now) continue;
        try {
          await agent.keepLease();
          await agent.put(`${this.#prefix}${host}/status`, {
            time: new Date(now).toISOString(),
            uptime: (now - this.#startedAt) / 1000,
            first_update: !agent.reported,
          });
          agent.reported = true;
          agent.dueAt = now + intervalMs;
        } catch (error) {
          log.warn("simulated Felix cannot write its status, trying again", { host, error });
          break;
        }
      }
      await clock.sleep(Math.min(TURN_MS, intervalMs), signal).catch(() => {});
    }
  }

  async #followEndpoints(): Promise<void> {
    const { etcd, region, clock, signal, log } = this.options;
    const prefix = resourcePrefixes(region).WorkloadEndpoint;
    const changes = mirror(etcd, prefix, {
      signal,
      clock,
      wants: () => true,
      roundTripKey: null,
      onTurn: (withinMs) => this.options.loops?.endpoints.within(withinMs),
      onTrouble: () => {},
    });
    try {
      for await (const batch of changes) {
        await clock.sleep(PLUG_MS, signal);
        for (const change of batch) {
          this.options.loops?.endpoints.within(LATE_MS);
          await this.#endpointChanged(change, prefix).catch((error) => {
            log.warn("simulated Felix cannot write an endpoint's status", { error });
          });
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #endpointChanged({ key, value }: Change, prefix: string): Promise<void> {
    const known = this.#placeOf.get(key);
    if (value === null) {
      this.#placeOf.delete(key);
      if (known) await this.#agents.get(known.host)!.delete(known.key);
      return;
    }
    if (known) return;
    const host = endpointNameParts(key.slice(prefix.length))?.host;
    const agent = this.#agents.get(host ?? "");
    if (!host || !agent) return;
    const { spec } = JSON.parse(new TextDecoder().decode(value));
    const port: string = spec.endpoint;
    const workload = `${calicoNamespace(this.options.region)}%2f${spec.workload}`;
    const status = `${this.#prefix}${host}/workload/openstack/${workload}/endpoint/${port}`;
    this.#placeOf.set(key, { host, port, key: status });
    await agent.put(status, { status: this.#failing.has(port) ? "error" : "up" });
  }
}
