/**
 * Load for the status watchers: keys and values as Felix writes them, a writer at a fixed rate, and the
 * delay until each change is with the consumer.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { felixPrefix } from "../lib/status/felix_status.ts";

export const PREFIX = felixPrefix(null);
const IN_FLIGHT = 64;

/** Endpoints spread over hosts: 20 on each. */
export class Endpoints {
  readonly count: number;
  constructor(readonly hosts: number, perHost = 20) {
    this.count = hosts * perHost;
  }

  host(i: number): string {
    return `host-${String(i % this.hosts).padStart(5, "0")}`;
  }

  port(i: number): string {
    return `${(i % this.count).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  }

  key(i: number): string {
    const n = i % this.count;
    const server = `${n.toString(16).padStart(8, "0")}-1111-4111-8111-111111111111`;
    return `${PREFIX}${this.host(n)}/workload/openstack/openstack%2f${server}/endpoint/${
      this.port(n)
    }`;
  }

  /** The i-th change of a port. */
  portChange(i: number): Change {
    const status = Math.floor(i / this.count) % 2 ? "up" : "down";
    return { id: this.port(i), key: this.key(i), value: `{"status":"${status}"}` };
  }

  /** The i-th report of an agent. */
  agentChange(i: number): Change {
    const id = this.host(i);
    const value = { time: new Date().toISOString(), uptime: i, first_update: false };
    return { id, key: `${PREFIX}${id}/status`, value: JSON.stringify(value) };
  }
}

/** One key's new value, and the name under which it arrives. */
export interface Change {
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

/** What is written. */
export interface Load {
  readonly perSecond: number;
  readonly perRevision: number;
  readonly seconds: number;
  /** Changes after which it ends, if not before. */
  readonly count?: number;
  change(i: number): Change;
}

/** Changes that were written and have not arrived. */
export class Pending {
  readonly delays: number[] = [];
  readonly #waiting = new Map<string, { committedAt: number | null }>();

  get size(): number {
    return this.#waiting.size;
  }

  sent(id: string): { committedAt: number | null } {
    const token = { committedAt: null };
    this.#waiting.set(id, token);
    return token;
  }

  arrived(id: string): void {
    const token = this.#waiting.get(id);
    if (!token) return;
    this.#waiting.delete(id);
    // The message may be there before the writer has its answer.
    this.delays.push(token.committedAt === null ? 0 : performance.now() - token.committedAt);
  }
}

/** Puts in one transaction. */
export async function put(etcd: Etcd3, changes: readonly Omit<Change, "id">[]): Promise<void> {
  const success = changes.map(({ key, value }) => ({
    request_put: { key: Buffer.from(key), value: Buffer.from(value) },
  }));
  await etcd.kv.txn({ compare: [], success, failure: [] });
}

/** Writes at a fixed rate; resolves to the rate that was reached. */
export async function drive(etcd: Etcd3, load: Load, pending: Pending | null): Promise<number> {
  const from = performance.now();
  let written = 0;
  let inFlight = 0;
  const errors: unknown[] = [];
  const { count = Infinity } = load;
  while (performance.now() - from < load.seconds * 1000 && written < count) {
    const due = Math.floor((performance.now() - from) / 1000 * load.perSecond);
    while (written + load.perRevision <= due && inFlight < IN_FLIGHT) {
      const changes = Array.from({ length: load.perRevision }, () => load.change(written++));
      const tokens = pending ? changes.map(({ id }) => pending.sent(id)) : [];
      inFlight++;
      put(etcd, changes)
        .then(() => tokens.forEach((token) => token.committedAt = performance.now()))
        .catch((error) => errors.push(error)).finally(() => inFlight--);
    }
    await sleep(1);
  }
  while (inFlight > 0) await sleep(1);
  if (errors.length > 0) throw errors[0];
  return written / ((performance.now() - from) / 1000);
}
