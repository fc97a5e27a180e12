/**
 * How a role knows whether this node is master, and how its job starts and stops with that.
 *
 * `isMaster` promises that at any instant it is true on at most one node, for any pause or delay of the
 * elector, of etcd or of the machine. It rests on one thing: that this machine's clock and etcd's run
 * at the same pace over one TTL, to within the margin. The fence, a comparison of the election key's
 * create revision in every write, rests on nothing: a deposed master's write never lands.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { FenceLostError } from "../etcd/client.ts";
import type { Log } from "../log.ts";
import type { Term } from "../master_context.ts";
import type { Mastership, StateStore } from "../state_store.ts";

/** A heartbeat further in the future than this means that the clock was set back, ms. */
const FUTURE_MS = 1000;
const POLL_MS = 100;
const IDLE_MS = 1000;
const MAX_BACKOFF_MS = 30_000;

/** Whether that record makes this node master now (ms since the epoch). */
export function isMaster(record: Mastership | null, now: number): record is Mastership {
  return record !== null && record.heartbeat <= now + FUTURE_MS && now < record.validUntil;
}

/** What {@linkcode whileMaster} tells of itself. */
export interface WhileMasterOptions {
  readonly log: Log;
  /** Called about once a second while this node is not master, or the job waits to be tried again. */
  idle(): void;
}

/**
 * Runs `job` whenever this node is master, one term at a time, until `signal` aborts. The job's own
 * signal aborts within 0.2 s of mastership's end; the job is joined before it can start again. A job
 * that fails is tried again after a growing delay (1 to 30 s); one that lost the fence waits for
 * another term.
 */
export async function whileMaster(
  store: StateStore,
  clock: Clock,
  signal: AbortSignal,
  electionKey: string,
  job: (term: Term) => Promise<void>,
  options: WhileMasterOptions,
): Promise<void> {
  let failures = 0;
  let notBefore = 0;
  let lostTerm: string | null = null;
  let lastIdle = -Infinity;
  while (!signal.aborted) {
    const record = await store.readMastership();
    const now = clock.now();
    if (isMaster(record, now) && record.term !== lostTerm && now >= notBefore) {
      const outcome = await runTerm(store, clock, signal, electionKey, record.term, job);
      lastIdle = -Infinity;
      if (outcome.error instanceof FenceLostError) {
        lostTerm = record.term;
        options.log.warn("another node leads; this term's work is over", { error: outcome.error });
      } else if (outcome.error !== null && !outcome.aborted) {
        const delayMs = Math.min(MAX_BACKOFF_MS, 1000 * 2 ** failures++);
        notBefore = clock.now() + delayMs;
        options.log.error("job failed, will be tried again", { error: outcome.error, delayMs });
      } else failures = 0;
      continue;
    }
    if (now - lastIdle >= IDLE_MS || now < lastIdle) {
      options.idle();
      lastIdle = now;
    }
    await clock.sleep(POLL_MS, signal).catch(() => {});
  }
}

/** Runs the job for one term beside a watch on the record. */
async function runTerm(
  store: StateStore,
  clock: Clock,
  outer: AbortSignal,
  electionKey: string,
  term: string,
  job: (term: Term) => Promise<void>,
): Promise<{ error: unknown; aborted: boolean }> {
  const over = new AbortController();
  const finished = new AbortController();
  const either = AbortSignal.any([outer, finished.signal]);
  const guard = (async () => {
    while (!either.aborted) {
      const record = await store.readMastership().catch(() => null);
      if (!isMaster(record, clock.now()) || record.term !== term) {
        over.abort(new Error("this node is no longer master"));
        return;
      }
      await clock.sleep(POLL_MS, either).catch(() => {});
    }
    over.abort(outer.reason);
  })();
  let error: unknown = null;
  try {
    await job({ term, electionKey, signal: over.signal });
  } catch (thrown) {
    error = thrown;
  }
  const aborted = over.signal.aborted;
  finished.abort();
  await guard;
  return { error, aborted };
}
