/**
 * The common part of the status watchers: follows Felix's part of etcd for one term, and once a
 * second publishes a summary and, while watching and reporting make progress, says that it lives.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Etcd3 } from "etcd3";
import { type Change, mirror } from "../etcd/mirror.ts";
import { describeError } from "../base/log.ts";
import { roundTripKey } from "./felix_status.ts";
import { whileRunning } from "../base/while_running.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { Watchdog, whileOnTime } from "../role/heartbeat.ts";
import { RateLimitedLog } from "../base/rate_limited.ts";

/** What the two watchers differ in. */
export interface Follower {
  readonly prefix: string;
  wants(key: string): boolean;
  onChange(change: Change): void;
  /** etcd's deadline of one call, ms. */
  readonly callTimeoutMs: number;
  /** A problem with reporting, or null. */
  problem(): string | null;
  /** What runs beside the watch; what reports is late when a report never ends. */
  readonly loops: readonly Pick<Watchdog, "name" | "late">[];
  publish(): Promise<void>;
}

const TURN_MS = 1000;

/** Lets timers and sockets have their turn between two batches. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs until the term ends. */
export async function follow(
  term: Term,
  etcd: Etcd3,
  context: JobContext,
  follower: Follower,
): Promise<void> {
  const { clock, log } = context;
  let trouble: string | null = null;
  const watch = new Watchdog("the watch of etcd", clock);
  const alive = whileOnTime(context.alive, [watch, ...follower.loops], log);
  const work = (async () => {
    const changes = mirror(etcd, follower.prefix, {
      signal: term.signal,
      clock,
      wants: follower.wants,
      roundTripKey: roundTripKey(follower.prefix),
      callTimeoutMs: follower.callTimeoutMs,
      onTurn: (withinMs) => watch.within(withinMs),
      onLost(reason) {
        log.warn("the watch is lost, reading everything again", { reason });
      },
      onTrouble(error) {
        const text = error === null ? null : `etcd does not answer: ${describeError(error)}`;
        if (text && text !== trouble) log.warn("cannot follow etcd, trying again", { error });
        trouble = text;
      },
    });
    for await (const batch of changes) {
      for (const change of batch) follower.onChange(change);
      await breathe();
    }
  })();
  const publishLog = new RateLimitedLog(log, clock);
  const ended = work.then(() => null, (error) => error);
  const running = whileRunning(work, term.signal);
  while (!running.aborted) {
    alive("following", trouble ?? follower.problem());
    await follower.publish().catch((error) => publishLog.warn("cannot write a summary", { error }));
    await clock.sleep(TURN_MS, running).catch(() => {});
  }
  const error = await ended;
  if (error && !term.signal.aborted) throw error;
}
