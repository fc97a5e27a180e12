/**
 * How a job starts and stops with mastership.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { deadline } from "../base/deadline.ts";
import { FenceLostError } from "../etcd/client.ts";
import { describeError, type Log } from "../base/log.ts";
import type { Term } from "../role/master_context.ts";
import type { Mastership } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { isMaster, validForMs } from "../state/is_master.ts";
import { parseElectionValue } from "./key.ts";

/** Between looks whether a term has begun of which nobody told, ms. */
const POLL_MS = 1000;
/** Between looks whether it goes on, when nobody tells of its end, ms. */
const GUARD_MS = 2000;
/** Of a job that fails. */
const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "equal" };

/** What {@linkcode whileMaster} tells of itself. */
export interface WhileMasterOptions {
  readonly log: Log;
  /** This node's name in the election: a record of another name is not this node's, however it came here. */
  readonly name: string;
  /**
   * Called at least once a second while this node is not master, or the job waits to be tried again;
   * with a sentence when it cannot be known whether this node is master.
   */
  idle(problem: string | null): void;
}

/**
 * Runs `job` whenever this node is master, one term at a time, until `signal` aborts. The job's own
 * signal aborts at mastership's end: as soon as its record changes or is no longer valid; the job is
 * joined before it can start again. A job that fails is tried again after a growing delay (up to 30 s);
 * one that lost the fence waits for another term.
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
  let lost: Mastership | null = null;
  while (!signal.aborted) {
    const seen = store.changes.count;
    const { record, problem } = await store.readMastership().then(
      (record) => ({ record, problem: null }),
      (error) => ({ record: null, problem: `mastership cannot be read: ${describeError(error)}` }),
    );
    const now = clock.now();
    const leads = isMaster(record, clock) && parseElectionValue(record.id)?.name === options.name;
    if (leads && !sameTerm(record, lost) && now >= notBefore) {
      const outcome = await runTerm(store, clock, signal, electionKey, record, job);
      if (outcome.error instanceof FenceLostError) {
        lost = record;
        options.log.warn("another node leads; this term's work is over", { error: outcome.error });
      } else if (outcome.error !== null && !outcome.aborted) {
        const delayMs = Math.round(backoffMs(BACKOFF, failures++));
        notBefore = clock.now() + delayMs;
        options.log.error("job failed, will be tried again", { error: outcome.error, delayMs });
      } else failures = 0;
      continue;
    }
    options.idle(problem);
    const waitMs = notBefore > now ? Math.min(POLL_MS, notBefore - now) : POLL_MS;
    await store.changes.after(seen, waitMs, clock, signal);
  }
}

function sameTerm(a: Mastership, b: Mastership | null): boolean {
  return a.term === b?.term && a.id === b.id;
}

/** Runs the job for one term beside a watch on the record. */
async function runTerm(
  store: StateStore,
  clock: Clock,
  outer: AbortSignal,
  electionKey: string,
  record: Mastership,
  job: (term: Term) => Promise<void>,
): Promise<{ error: unknown; aborted: boolean }> {
  const { term, id } = record;
  const over = new AbortController();
  const finished = new AbortController();
  const either = AbortSignal.any([outer, finished.signal]);
  const guard = (async () => {
    let known: Mastership | null = record;
    while (!either.aborted) {
      const seen = store.changes.count;
      known = await readInTime(store, clock, known);
      if (!isMaster(known, clock) || !sameTerm(known, record)) {
        over.abort(new Error("this node is no longer master"));
        return;
      }
      const waitMs = Math.min(GUARD_MS, validForMs(known, clock));
      await store.changes.after(seen, waitMs, clock, either);
    }
    over.abort(outer.reason);
  })();
  let error: unknown = null;
  try {
    await job({ term, id, electionKey, signal: over.signal });
  } catch (thrown) {
    error = thrown;
  }
  const aborted = over.signal.aborted;
  finished.abort();
  await guard;
  return { error, aborted };
}

/** The record; null when it cannot be read before what is `known` of it has run out. */
async function readInTime(
  store: StateStore,
  clock: Clock,
  known: Mastership,
): Promise<Mastership | null> {
  const leftMs = Math.max(0, known.validUntil - clock.now());
  return await deadline(store.readMastership().catch(() => null), leftMs, () => null, { clock });
}
