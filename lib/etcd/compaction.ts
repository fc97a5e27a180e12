/**
 * Periodic compaction of etcd (data model, "Compaction"): keeps at least the last `minRevisions` and
 * everything of the last period. Two keys are shared with other implementations: `trigger`, whose
 * lease says when the next check is due, and `last`, whose value is the last compacted revision and
 * whose mod revision is the revision at the last check.
 *
 * The writes carry the leadership fence. The compaction itself cannot, but it follows a fenced read at once;
 * if a master is deposed in between, its compaction is harmless: it removes less than its successor's.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, IRangeResponse } from "etcd3";
import { whenAborted } from "../base/abortable.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Outage } from "../base/outage.ts";
import { COMPACTION_LAST_KEY, COMPACTION_TRIGGER_KEY } from "../calico/keys.ts";
import type { Term } from "../role/master_context.ts";
import type { Compaction } from "../state/records.ts";
import type { Beat } from "../role/heartbeat.ts";
import type { StateStore } from "../state/store.ts";
import { isCompacted, isNoSpace, refusalOf } from "./call_errors.ts";
import { FenceLostError } from "./client.ts";
import {
  type CheckOutcome,
  decideCompaction,
  describeOutcome,
  type Findings,
} from "./compaction_rules.ts";
import { defragment } from "./defragment.ts";
import { fenced, throwIfObserver } from "./fence.ts";
import { etcdCause, etcdOutage } from "./outage.ts";

/** What {@linkcode runCompactor} needs. */
export interface CompactorOptions {
  readonly etcd: Etcd3;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** 0: never compacts. */
  readonly periodSeconds: number;
  readonly minRevisions: number;
  /** Members of which so much is free are defragmented after a compaction, percent; 0: none. @default 0 */
  readonly defragPercent?: number;
  readonly pid: number;
  readonly alive: Beat;
  /** The client's deadline of one call, ms; a check makes several. @default 60000 */
  readonly callTimeoutMs?: number;
  /** Of etcd, for all of this process. */
  readonly outage?: Outage;
}

const MAX_CHECK_MS = 60_000;
/** Most calls to etcd in one check. */
const CALLS_IN_CHECK = 6;

/** Checks and compacts until the term ends. @throws {FenceLostError} another node leads. */
export async function runCompactor(term: Term, options: CompactorOptions): Promise<void> {
  const { store, clock, log, periodSeconds, callTimeoutMs = 60_000 } = options;
  if (periodSeconds === 0) {
    options.alive("no compaction", null, Infinity);
    return await whenAborted(term.signal);
  }
  const outage = options.outage ?? etcdOutage(options);
  let account: Compaction = await store.readCompaction() ?? NO_COMPACTION;
  const own: OwnCompaction = { at: null };
  while (!term.signal.aborted) {
    options.alive("compaction", null, CALLS_IN_CHECK * callTimeoutMs + MAX_CHECK_MS);
    try {
      const outcome = await checkOnce(term, options, own);
      outage.succeeded("compaction");
      const words = describeOutcome(outcome);
      account = { ...account, at: clock.now(), outcome: words, checks: account.checks + 1 };
      if (outcome.do === "compact") {
        account.compactions++;
        account.lastRevision = String(outcome.at);
        account.lastAt = clock.now();
        log.info("etcd is compacted", { revision: String(outcome.at) });
        await defragmentAfter(term, options);
      } else log.debug("no compaction", { why: words });
    } catch (error) {
      if (error instanceof FenceLostError) throw error;
      if (term.signal.aborted) return;
      account = {
        ...account,
        at: clock.now(),
        outcome: refusalOf(error) ?? "etcd did not answer",
        failures: account.failures + 1,
      };
      const message = "etcd could not be compacted, will be tried again";
      outage.failed("compaction", { message, fields: { error }, cause: etcdCause(error) });
    }
    await store.writeCompaction(account).catch((error) => {
      log.warn("the account of compaction could not be written", { error });
    });
    const pauseMs = Math.min(MAX_CHECK_MS, periodSeconds * 250);
    await clock.sleep(pauseMs, term.signal).catch(() => {});
  }
}

/** What it cannot do is only logged: etcd is compacted all the same. */
async function defragmentAfter(term: Term, options: CompactorOptions): Promise<void> {
  const { log, defragPercent = 0 } = options;
  try {
    await defragment(term, { ...options, defragPercent });
  } catch (error) {
    if (error instanceof FenceLostError) throw error;
    if (term.signal.aborted) return;
    log.warn("etcd could not be defragmented, will be tried after the next compaction", { error });
  }
}

const NO_COMPACTION: Compaction = {
  at: 0,
  outcome: "",
  lastRevision: null,
  lastAt: null,
  checks: 0,
  compactions: 0,
  failures: 0,
};

/** At which revision this process has told etcd to compact; null: at none. */
export interface OwnCompaction {
  at: bigint | null;
}

/**
 * One check, with what follows.
 *
 * @param own of the checks before.
 * @throws {FenceLostError} another node leads.
 */
export async function checkOnce(
  term: Term,
  options: Pick<CompactorOptions, "etcd" | "periodSeconds" | "minRevisions" | "pid">,
  own: OwnCompaction = { at: null },
): Promise<CheckOutcome> {
  const { etcd } = options;
  const found = await find(etcd, term);
  const decision = decideCompaction(found, options);
  if (decision.do === "nothing") return decision;
  const again = decision.do === "compact" && decision.at === own.at;
  if (decision.do === "compact") own.at = decision.at; // before: an answer may be lost
  const done = decision.do === "compact" && !await compact(etcd, decision.at);
  const elsewhere = done && !again;
  try {
    await record(etcd, term, elsewhere ? found.current : decision.last, options);
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    // What was compacted is; it is tried at the same revision again until the revision can be noted.
    return decision.do === "compact" && !done ? decision : { do: "nothing", why: "full" };
  }
  if (elsewhere) return { do: "leave" };
  return done ? { do: "record", last: decision.last, why: "noted late" } : decision;
}

/** Reads both keys at one revision, under the fence. */
async function find(etcd: Etcd3, term: Term): Promise<Findings> {
  const success = [COMPACTION_TRIGGER_KEY, COMPACTION_LAST_KEY].map((key) => ({
    request_range: { key: Buffer.from(key) },
  }));
  const { header, responses } = await fenced(etcd, term, success);
  const [triggerKv, lastKv] = responses.map((response) =>
    (response.response_range as IRangeResponse).kvs[0]
  );
  let trigger: Findings["trigger"] = null;
  if (triggerKv) {
    const ttlSeconds = triggerKv.lease === "0" ? null : await grantedTtl(etcd, triggerKv.lease);
    // A lease that has just expired takes the key along.
    trigger = ttlSeconds === 0 ? null : { ttlSeconds };
  }
  const text = lastKv ? Buffer.from(lastKv.value).toString() : "";
  return {
    trigger,
    last: lastKv
      ? {
        value: /^\d{1,19}$/.test(text) ? BigInt(text) : null,
        modRevision: BigInt(lastKv.mod_revision),
      }
      : null,
    current: BigInt(header.revision),
  };
}

/** The TTL that a lease was granted with, s; 0 when it is gone. */
async function grantedTtl(etcd: Etcd3, lease: string): Promise<number> {
  const { TTL, grantedTTL } = await etcd.leaseClient.leaseTimeToLive({ ID: lease, keys: false });
  return Number(TTL) <= 0 ? 0 : Number(grantedTTL);
}

/** False when etcd has been compacted at that revision or later: someone else does it. */
async function compact(etcd: Etcd3, at: bigint): Promise<boolean> {
  try {
    await etcd.kv.compact({ revision: String(at), physical: false });
    return true;
  } catch (error) {
    if (isCompacted(error)) return false;
    throw error;
  }
}

/** Writes both keys under the fence, `trigger` with a lease of one period. */
async function record(
  etcd: Etcd3,
  term: Term,
  last: bigint,
  { periodSeconds, pid }: Pick<CompactorOptions, "periodSeconds" | "pid">,
): Promise<void> {
  throwIfObserver(term);
  const { ID: lease } = await etcd.leaseClient.leaseGrant({ TTL: periodSeconds });
  const put = (key: string, value: string, lease = "0") => ({
    request_put: { key: Buffer.from(key), value: Buffer.from(value), lease },
  });
  const success = [
    put(COMPACTION_LAST_KEY, String(last)),
    put(COMPACTION_TRIGGER_KEY, String(pid), lease),
  ];
  try {
    await fenced(etcd, term, success);
  } catch (error) {
    if (error instanceof FenceLostError) {
      await etcd.leaseClient.leaseRevoke({ ID: lease }).catch(() => {});
    }
    throw error;
  }
}
