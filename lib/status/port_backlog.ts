/**
 * Reports of ports that wait: some as objects in the queue, and what is beyond that packed, so that a million of them
 * can wait.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { EndpointStates, type WaitingState } from "./endpoint_states.ts";
import { type EndpointId, endpointId } from "./felix_status.ts";
import { type Entry, LIVE, type Priority } from "./newest_queue.ts";
import type { PortDifferences } from "./port_differences.ts";
import type { PortUpdate } from "./reporter.ts";
import type { WorkQueue } from "./work_queue.ts";

/**
 * Reports that wait as objects; what is beyond that waits packed. Those of a snapshot leave room for what happens
 * meanwhile, which comes first.
 */
const MAX_SNAPSHOT = 1000;
const MAX_LIVE = 5000;
/** Of what waits packed, so many leave it at once: what is newer and becomes known meanwhile goes before the rest. */
const FEW = 100;

/** With the endpoint's key in etcd; of one that is gone it may be any text that is no key. */
export type QueuedUpdate = PortUpdate & EndpointId & {
  readonly key: string;
  /** When it was seen as it happened, monotonic ms; null: in a snapshot. */
  readonly seenAt: number | null;
};

/** What a {@linkcode PortBacklog} works with. */
export interface PortBacklogOptions {
  readonly clock: Clock;
  /** Of Felix's keys. */
  readonly prefix: string;
  readonly states: EndpointStates;
  readonly differences: PortDifferences;
  readonly queue: Pick<WorkQueue<QueuedUpdate>, "waiting" | "put">;
}

/** Puts reports where there is room for them. */
export class PortBacklog {
  /** What is gone and waits packed, by the name under which it is queued: whatever comes under that name is newer. */
  readonly #gone = new EndpointStates();

  constructor(readonly options: PortBacklogOptions) {}

  /** How many wait packed. */
  get waiting(): number {
    return this.options.states.waiting + this.#gone.waiting;
  }

  /** Lets a report wait; it takes the place of an older one of that endpoint. */
  put(update: QueuedUpdate, priority: Priority): void {
    const { clock, states, differences, queue } = this.options;
    const name = nameOf(update);
    const gone = this.#gone.take(name);
    const isFull = queue.waiting >= (priority === LIVE ? MAX_LIVE : MAX_SNAPSHOT);
    if (isFull && !differences.has(name)) {
      const exists = states.get(update.key) !== undefined;
      const [where, key] = exists ? [states, update.key] : [this.#gone, name];
      return where.wait(key, gone?.since ?? clock.now(), priority === LIVE);
    }
    const since = (states.take(update.key) ?? gone)?.since ?? clock.now();
    differences.queued(name, update, since);
    queue.put(name, update, priority);
  }

  /** Reports that have waited packed, at most so many; those of what is gone are the first. */
  takeNext(max: number): Entry<QueuedUpdate>[] {
    const { states, prefix } = this.options;
    if (this.#gone.waiting > 0) {
      return this.#gone.takeNext(max).map((state) => {
        const [host, port] = state.key.split("/") as [string, string];
        return this.#entryOf({ host, device: "", port }, state);
      });
    }
    return states.takeNext(max, FEW)
      .map((state) => this.#entryOf(endpointId(state.key, prefix)!, state));
  }

  #entryOf(id: EndpointId, { key, status: known, since, live }: WaitingState) {
    const { clock, differences } = this.options;
    const seenAt = live ? clock.monotonic() - Math.max(0, clock.now() - since) : null;
    const [status, gone] = [known ?? "ERROR" as const, known === undefined];
    const value = { ...id, status, gone, key, seenAt };
    differences.queued(nameOf(value), value, since);
    return { key: nameOf(value), value };
  }
}

/** The name under which an endpoint is queued: a host reports a port once, under whatever key. */
function nameOf({ host, port }: EndpointId): string {
  return `${host}/${port}`;
}
