/**
 * What both status watchers do: follow Felix's part of etcd for one term, and once a second publish a
 * summary and give a heartbeat, as long as watching and reporting make progress.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Etcd3 } from "etcd3";
import { describeError } from "../base/log.ts";
import type { Outage } from "../base/outage.ts";
import { whileRunning } from "../base/while_running.ts";
import { type Change, mirror } from "../etcd/mirror.ts";
import { refusalOf } from "../etcd/call_errors.ts";
import { etcdCause, etcdOutage } from "../etcd/outage.ts";
import { Watchdog, whileOnTime } from "../role/heartbeat.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { roundTripKey } from "../calico/keys.ts";
import { RateLimitedLog } from "../base/rate_limited.ts";

/** What the two watchers differ in. */
export interface Follower {
  readonly prefix: string;
  wants(key: string): boolean;
  onChange(change: Change): void;
  /** Told that all is seen (null), as often as that shows, or why nothing can be seen. */
  onSight?(trouble: unknown): void;
  /** etcd's deadline of one call, ms. */
  readonly callTimeoutMs: number;
  /** A problem with reporting, or null. */
  problem(): string | null;
  /** What runs beside the watch; no heartbeat is given while one of them is late. */
  readonly loops: readonly Pick<Watchdog, "name" | "late">[];
  publish(): Promise<void>;
}

const TURN_MS = 1000;

/** Runs until the term ends. @throws the watch has failed. */
export async function follow(
  term: Term,
  etcd: Etcd3,
  context: JobContext,
  follower: Follower,
): Promise<void> {
  const { clock, log } = context;
  const watch = new FelixWatch(follower, context);
  const alive = whileOnTime(context.alive, [watch.watchdog, ...follower.loops], log);
  const publishLog = new RateLimitedLog(log, clock);
  const work = watch.run(etcd, term.signal);
  const ended = work.then(() => null, (error) => error);
  const running = whileRunning(work, term.signal);
  while (!running.aborted) {
    alive("following", watch.trouble ?? follower.problem());
    await follower.publish().catch((error) => publishLog.warn("cannot write a summary", { error }));
    await clock.sleep(TURN_MS, running).catch(() => {});
  }
  const error = await ended;
  if (error && !term.signal.aborted) throw error;
}

/** The watch itself. */
class FelixWatch {
  readonly watchdog: Watchdog;
  readonly #outage: Outage;
  #trouble: string | null = null;

  constructor(readonly follower: Follower, readonly context: JobContext) {
    this.#outage = etcdOutage(context);
    this.watchdog = new Watchdog("the watch of etcd", context.clock);
  }

  /** Why nothing can be seen now, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Passes every change on until the signal aborts, then throws its reason. */
  async run(etcd: Etcd3, signal: AbortSignal): Promise<void> {
    const { prefix, wants, callTimeoutMs } = this.follower;
    const { clock, log } = this.context;
    const changes = mirror(etcd, prefix, {
      signal,
      clock,
      wants,
      roundTripKey: roundTripKey(prefix),
      callTimeoutMs,
      onTurn: (withinMs) => this.watchdog.within(withinMs),
      onLost: (reason) => log.warn("the watch is lost, reading everything again", { reason }),
      onTrouble: (error) => this.#onTrouble(error),
    });
    for await (const batch of changes) {
      for (const change of batch) this.follower.onChange(change);
      await breathe();
    }
  }

  #onTrouble(error: unknown): void {
    this.follower.onSight?.(error);
    if (error === null) {
      this.#trouble = null;
      return this.#outage.succeeded("watch");
    }
    this.#trouble = troubleText(error);
    const message = "cannot follow etcd, trying again";
    this.#outage.failed("watch", { message, fields: { error }, cause: etcdCause(error) });
  }
}

/** Why nothing can be seen: what etcd refuses, or that it does not answer. */
export function troubleText(error: unknown): string {
  return refusalOf(error) ?? `etcd does not answer: ${describeError(error)}`;
}

/** Lets timers and sockets have their turn between two batches. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
