/**
 * How a job starts and stops with mastership.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { deadline } from "../base/deadline.ts";
import { whileRunning } from "../base/while_running.ts";
import { FenceLostError } from "../etcd/client.ts";
import { describeError } from "../base/log.ts";
import { Outage } from "../base/outage.ts";
import { electionKey } from "../calico/keys.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import type { Mastership } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { isMaster, validForMs } from "../state/is_master.ts";
import { parseElectionValue } from "./key.ts";

/** Between looks whether a term has begun of which nobody told, ms. */
const POLL_MS = 1000;
/** Between looks whether it goes on, when nobody tells of its end, ms. */
const GUARD_MS = 2000;
/** A job that has worked for so long has got over its failures, ms. */
const STEADY_MS = 60_000;
/** Of a job that fails. */
const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "equal" };

/** What a role that works as master is given. */
export interface MasterRole {
  readonly config: {
    readonly region: string | null;
    /** A record of another name is not this node's, however it came here. */
    readonly election: { readonly name: string };
  };
  readonly job: JobContext;
  readonly signal: AbortSignal;
}

/**
 * Runs `work` whenever this node is master, one term at a time, until `signal` aborts, and says "standby" at
 * least once a second in between. The work's own signal aborts at mastership's end: as soon as its record
 * changes or is no longer valid; the work is joined before it can start again. Work that fails is tried again
 * after a growing delay (up to 30 s); work that lost the fence waits for another term.
 */
export async function runWhileMaster(
  { config, job, signal }: MasterRole,
  work: (term: Term) => Promise<void>,
): Promise<void> {
  const { log, clock, store } = job;
  const outage = new Outage("the job does not fail any more", job);
  let failures = 0;
  const recovered = () => {
    failures = 0;
    outage.succeeded("job");
  };
  let notBefore = 0;
  let lost: Mastership | null = null;
  while (!signal.aborted) {
    const seen = store.changes.count;
    const { record, problem } = await store.readMastership().then(
      (record) => ({ record, problem: null }),
      (error) => ({ record: null, problem: `mastership cannot be read: ${describeError(error)}` }),
    );
    const now = clock.now();
    const leads = isMaster(record, clock) &&
      parseElectionValue(record.id)?.name === config.election.name;
    if (leads && !sameTerm(record, lost) && now >= notBefore) {
      const key = electionKey(config.region);
      const over = new AbortController();
      clock.sleep(STEADY_MS, over.signal).then(recovered, () => {});
      const { error, aborted } = await runTerm(job, signal, key, record, work);
      over.abort();
      if (error instanceof FenceLostError) {
        lost = record;
        log.warn("another node leads; this term's work is over", { error });
      } else if (error !== null && !aborted) {
        const delayMs = Math.round(backoffMs(BACKOFF, failures++));
        notBefore = clock.now() + delayMs;
        outage.failed("job", {
          message: "job failed, will be tried again",
          fields: { error, delayMs },
          level: "error",
        });
      } else recovered();
      continue;
    }
    job.alive("standby", problem);
    const waitMs = notBefore > now ? Math.min(POLL_MS, notBefore - now) : POLL_MS;
    await store.changes.after(seen, waitMs, clock, signal);
  }
}

function sameTerm(a: Mastership, b: Mastership | null): boolean {
  return a.term === b?.term && a.id === b.id;
}

/** Does the work of one term beside a watch on the record. */
async function runTerm(
  { store, clock }: JobContext,
  outer: AbortSignal,
  electionKey: string,
  record: Mastership,
  work: (term: Term) => Promise<void>,
): Promise<{ error: unknown; aborted: boolean }> {
  const { term, id } = record;
  const over = new AbortController();
  const working = (async () => await work({ term, id, electionKey, signal: over.signal }))();
  const running = whileRunning(working, outer);
  let known: Mastership | null = record;
  while (!running.aborted) {
    const seen = store.changes.count;
    known = await readInTime(store, clock, known);
    if (!isMaster(known, clock) || !sameTerm(known, record)) {
      over.abort(new Error("this node is no longer master"));
      break;
    }
    const waitMs = Math.min(GUARD_MS, validForMs(known, clock));
    await store.changes.after(seen, waitMs, clock, running);
  }
  if (outer.aborted) over.abort(outer.reason); // the first reason stays
  const error = await working.then(() => null, (error: unknown) => error);
  return { error, aborted: over.signal.aborted };
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
