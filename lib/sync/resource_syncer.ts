/**
 * The resource syncer's loop while this node is master: a resync at the start of the term and then
 * periodically; a failed one is said once, clearly, and tried again with growing delay.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Config } from "../config_types.ts";
import { FenceLostError } from "../etcd/client.ts";
import { describeError } from "../log.ts";
import type { JobContext, Term } from "../master_context.ts";
import { KeystoneAuth } from "../openstack/keystone.ts";
import { NeutronClient } from "../openstack/neutron.ts";
import type { Resync } from "../state_store.ts";
import { fullResync, type ResyncDeps } from "./resync.ts";

const MAX_RETRY_MS = 30_000;
const HISTORY = 50;
const TURN_MS = 1000;
/** Beyond a request's own deadline, no progress for so long means that something hangs, ms. */
const SLACK_MS = 5000;

/** Runs until the term ends. @throws {FenceLostError} another node leads. */
export async function runResourceSyncer(
  term: Term,
  config: Config,
  etcd: Etcd3,
  context: JobContext,
): Promise<void> {
  const { clock, log } = context;
  const keystone = new KeystoneAuth(config.openstack, clock);
  const neutron = new NeutronClient(config.openstack, keystone);
  const base = { etcd, keystone, neutron, clock, region: config.region };
  const intervalMs = config.sync.resyncIntervalSeconds * 1000;
  let failures = 0;
  let succeededAt = clock.now();
  let problem: string | null = null;
  let nextAt = clock.now() + (config.sync.startupResync === "always" ? 0 : intervalMs);
  let reason = "startup";
  while (!term.signal.aborted) {
    const overdueMs = clock.now() - succeededAt;
    if (overdueMs > config.sync.resyncMaxIntervalSeconds * 1000) {
      problem = `no resync has succeeded for ${Math.round(overdueMs / 60_000)} min: ${
        problem ?? ""
      }`;
    }
    const waitMs = nextAt - clock.now();
    if (waitMs > 0) {
      context.alive("in sync, waiting", problem);
      await clock.sleep(Math.min(TURN_MS, waitMs), term.signal).catch(() => {});
      continue;
    }
    try {
      await oneResync(base, term, config, context, failures > 0 ? "retry" : reason, problem);
      failures = 0;
      problem = null;
      succeededAt = clock.now();
      nextAt = clock.now() + intervalMs;
      reason = "periodic";
    } catch (error) {
      if (term.signal.aborted) return;
      if (error instanceof FenceLostError) throw error;
      const retryMs = Math.min(MAX_RETRY_MS, intervalMs, 1000 * 2 ** failures++);
      problem = `the last resync failed (${describeError(error)}); next try in ` +
        `${Math.round(retryMs / 1000)} s`;
      log.error("resync failed, will be tried again", { error, retryMs });
      nextAt = clock.now() + retryMs;
    }
  }
}

/** One resync with its record in the history. */
async function oneResync(
  base: Omit<ResyncDeps, "progress">,
  term: Term,
  config: Config,
  context: JobContext,
  reason: string,
  problem: string | null,
): Promise<void> {
  const { clock, log, store } = context;
  const earlier = (await store.readResyncs()).slice(0, HISTORY - 1);
  const record: Resync = {
    startedAt: clock.now(),
    endedAt: null,
    reason,
    error: null,
    kinds: {},
    warnings: [],
  };
  await store.writeResyncs([record, ...earlier]);
  using work = showProgress(context, config.openstack.requestTimeoutMs + SLACK_MS, problem);
  try {
    const result = await fullResync({ ...base, progress: work.progress }, term);
    Object.assign(record, { kinds: result.kinds, warnings: result.warnings });
    for (const warning of result.warnings) log.warn("resync", { warning });
    const total = (name: "created" | "updated" | "deleted" | "correct" | "conflicts") =>
      Object.values(result.kinds).reduce((sum, counts) => sum + counts[name], 0);
    log.info("resync done", {
      ms: clock.now() - record.startedAt,
      reason,
      correct: total("correct"),
      created: total("created"),
      updated: total("updated"),
      deleted: total("deleted"),
      conflicts: total("conflicts"),
    });
  } catch (error) {
    record.error = term.signal.aborted ? "mastership ended" : describeError(error).slice(0, 500);
    if (!term.signal.aborted) {
      const message = `resync failed: ${record.error}`;
      await store.addEvent("resource-syncer", { at: clock.now(), level: "error", message });
    }
    throw error;
  } finally {
    await store.writeResyncs([{ ...record, endedAt: clock.now() }, ...earlier]);
  }
}

/**
 * Says that the resync lives: with each step, and once a second while it waits for an answer whose
 * deadline has not passed. A wait beyond every deadline goes silent, which the supervisor notices.
 */
function showProgress(context: JobContext, deadlineMs: number, problem: string | null) {
  let doing = "resync";
  let steppedAt = context.clock.now();
  const timer = setInterval(() => {
    if (context.clock.now() - steppedAt < deadlineMs) context.alive(doing, problem);
  }, TURN_MS);
  return {
    progress(what: string) {
      doing = what;
      steppedAt = context.clock.now();
      context.alive(doing, problem);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
