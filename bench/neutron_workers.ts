/**
 * What Neutron costs whoever asks it, and its API workers: each serves one request at a time, what comes when
 * all are busy waits in the order of its coming. A worker is busy by a timer and not by computing, so that
 * how long it is busy does not depend on the machine.
 *
 * @module
 */
import { quantile } from "./print.ts";

/**
 * Worker time, ms, as measured on Neutron 21 with 10,244 ports in pages of 1,000: 0.64 a port with the fields
 * that a syncer needs, 0.43 with its id and revision alone. Of the other collections nothing was measured:
 * they cost the same by object. Nor was what a request costs beside its objects, which a page of 1,000
 * holds already: 20 is what a request by id takes a small Neutron.
 */
export const COST = { whole: 0.64, narrow: 0.43, request: 20 } as const;
/** A request's header with the name of a client that is not the product. */
export const CLIENT_HEADER = "x-bench-client";
/** So many fields are still few: id, revision, status, binding host and data_plane_status. */
const NARROW_FIELDS = 5;
/** Answers whose times are kept, by client: the newest. */
const TIMES = 10_000;

/** What of a request its cost depends on. */
export interface Costed {
  /** Fields asked for; 0: all of them. */
  readonly fields: number;
  /** It asks for some objects by a filter, and is no page of a list. */
  readonly filtered: boolean;
  /** Objects in the answer. */
  readonly objects: number;
}

/** How long a worker is busy with it, ms. */
export function costOf({ fields, filtered, objects }: Costed): number {
  const each = fields > 0 && fields <= NARROW_FIELDS ? COST.narrow : COST.whole;
  return filtered ? COST.request + objects * each : Math.max(COST.request, objects * each);
}

/** What a client has under way, and how long its answers took. */
interface ClientLoad {
  underWay: number;
  peak: number;
  readonly timesMs: number[];
}

/** What the workers tell; times in ms. */
export interface Load {
  /** When, monotonic. */
  readonly at: number;
  /** For how long each worker has been busy since the start. */
  readonly busyMs: readonly number[];
  /** Requests since the start, by kind. */
  readonly requests: Readonly<Record<string, number>>;
  /** Since the peaks were last forgotten. */
  readonly clients: Readonly<
    Record<string, { peak: number; answers: number; p50Ms: number; p99Ms: number }>
  >;
}

/** How a pool sees time. */
export interface Times {
  now(): number;
  sleep(ms: number): Promise<void>;
}

const REAL: Times = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** A pool of workers. */
export class Workers {
  /** Those that serve now. */
  count = 0;
  readonly #busy = new Set<number>();
  readonly #busyMs: number[] = [];
  #free: number[] = [];
  readonly #waiting: ((worker: number) => void)[] = [];
  readonly #requests: Record<string, number> = {};
  readonly #clients = new Map<string, ClientLoad>();

  /** @param count none: requests cost nothing and do not wait. */
  constructor(count: number, readonly times: Times = REAL) {
    this.resize(count);
  }

  /** Another number of workers; those that are busy end what they do. */
  resize(count: number): void {
    this.count = count;
    while (this.#busyMs.length < count) this.#busyMs.push(0);
    const busy = this.#busy;
    this.#free = [...Array(count).keys()].filter((worker) => !busy.has(worker));
    if (count === 0) { for (const go of this.#waiting.splice(0)) go(NOBODY); }
    while (this.#free.length > 0 && this.#waiting.length > 0) this.#next();
  }

  /** Has a worker make an answer, and be busy with it for as long as it costs. */
  async serve<T>(
    { client, kind }: { client: string; kind: string },
    make: () => { answer: T; costMs: number },
  ): Promise<T> {
    this.#requests[kind] = (this.#requests[kind] ?? 0) + 1;
    const load = this.#loadOf(client);
    load.peak = Math.max(load.peak, ++load.underWay);
    const from = this.times.now();
    const worker = await this.#worker();
    try {
      const begun = this.times.now();
      const { answer, costMs } = make();
      if (worker !== NOBODY) {
        this.#busyMs[worker]! += costMs;
        await this.times.sleep(Math.max(0, begun + costMs - this.times.now()));
      }
      return answer;
    } finally {
      this.#leave(worker);
      load.underWay--;
      load.timesMs.push(this.times.now() - from);
      if (load.timesMs.length > TIMES) load.timesMs.shift();
    }
  }

  /** What they have done; `forget`: peaks and times of answers begin anew. */
  load(forget = false): Load {
    const clients = Object.fromEntries(
      [...this.#clients].map(([name, { peak, timesMs }]) => {
        const [p50Ms, p99Ms] = [0.5, 0.99].map((q) => timesMs.length ? quantile(timesMs, q) : 0);
        return [name, { peak, answers: timesMs.length, p50Ms: p50Ms!, p99Ms: p99Ms! }];
      }),
    );
    if (forget) {
      for (const load of this.#clients.values()) {
        load.peak = load.underWay;
        load.timesMs.length = 0;
      }
    }
    const requests = { ...this.#requests };
    return { at: this.times.now(), busyMs: [...this.#busyMs], requests, clients };
  }

  #loadOf(client: string): ClientLoad {
    const load = this.#clients.get(client) ?? { underWay: 0, peak: 0, timesMs: [] };
    this.#clients.set(client, load);
    return load;
  }

  async #worker(): Promise<number> {
    if (this.count === 0) return NOBODY;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.push(resolve);
    if (this.#free.length > 0) this.#next();
    return await promise;
  }

  /** Who has waited longest gets a free worker. */
  #next(): void {
    const worker = this.#free.shift()!;
    this.#busy.add(worker);
    this.#waiting.shift()!(worker);
  }

  #leave(worker: number): void {
    if (worker === NOBODY) return;
    this.#busy.delete(worker);
    if (worker >= this.count) return;
    this.#free.push(worker);
    if (this.#waiting.length > 0) this.#next();
  }
}

const NOBODY = -1;

/** Which part of one worker's time was busy between two readings: more than 1 with several workers. */
export function busyShare(before: Load, after: Load): number {
  const sum = ({ busyMs }: Load) => busyMs.reduce((all, ms) => all + ms, 0);
  return (sum(after) - sum(before)) / (after.at - before.at);
}
