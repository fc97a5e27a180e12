/**
 * A dry run: compares etcd with Neutron, all of it or what is named, and writes nothing to etcd. A node
 * that does not lead can do it, and a process beside any node too: it reads without the fence, and what it
 * is given cannot write.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { electionKey } from "../../calico/keys.ts";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../config/config_types.ts";
import type { Term } from "../../role/master_context.ts";
import { KeystoneAuth } from "../../openstack/keystone.ts";
import type { ResyncRequest } from "../../state/records.ts";
import { type ResyncBase, resyncBase, type ResyncConfig } from "./base.ts";
import { DifferenceLog, DRY_RUN_BOUNDS } from "../apply/difference_log.ts";
import { DryRunSink } from "../apply/dry_run.ts";
import type { Named } from "./expand.ts";
import { CloudIndex } from "../index/cloud_index.ts";
import { isFull, narrowResync } from "./narrow.ts";
import type { Step } from "../apply/step.ts";
import { type ResyncDeps, type ResyncResult, SyncRun } from "../apply/sync_run.ts";
import { fullResync } from "./full.ts";

/** What came of a resync that was asked for. */
export interface Outcome {
  readonly result: ResyncResult;
  /** What is wrong with the names that were given, a sentence; null: nothing. */
  readonly problem: string | null;
  readonly differences: DifferenceLog;
  /** The differences as a readable diff; null: they were written. */
  readonly text: string | null;
}

/** What is to be compared. */
export type Comparison = Named & Pick<ResyncRequest, "allowDeletions">;

/** Compares; `index` knows of more keys than can be found by the names alone. */
export async function compareOnly(
  request: Comparison,
  base: ResyncBase & Pick<ResyncDeps, "progress">,
  term: Term,
  index: CloudIndex | null = null,
): Promise<Outcome> {
  const differences = new DifferenceLog(DRY_RUN_BOUNDS);
  const sink = new DryRunSink();
  const deps = { ...base, differences };
  if (isFull(request)) {
    const { allowDeletions } = request;
    const { index: made, ...result } = await fullResync(deps, term, { sink, allowDeletions });
    made.close();
    return { result, problem: null, differences, text: sink.text() };
  }
  const { allowDeletions } = request;
  // It learns what is not so in etcd.
  const scratch = (index ?? new CloudIndex(base.region)).scratch();
  const run = new SyncRun(deps, term, scratch, { sink, allowDeletions });
  const problem = await narrowResync(run, request);
  return { result: run.result(), problem, differences, text: sink.text() };
}

/** What an observer needs. */
export interface ObserverDeps {
  readonly config: ResyncConfig;
  readonly etcd: Etcd3;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with each page read and each request sent. */
  progress(step: Step): void;
}

/** Compares without leading. */
export async function compareAsObserver(
  request: Comparison,
  { config, etcd, clock, signal, progress }: ObserverDeps,
): Promise<Outcome> {
  let last: Step = "asking Neutron";
  using keystone = new KeystoneAuth(config.openstack, clock, () => progress(last));
  const base = resyncBase(config, etcd, keystone, clock);
  const say = (step: Step) => progress(last = step);
  say(last);
  const { missing } = await base.neutron.askExtensions(signal);
  const outcome = await compareOnly(request, { ...base, progress: say }, observer(config, signal));
  const trouble = keystone.projects.trouble === null ? [] : [keystone.projects.trouble];
  const warnings = [...missing, ...trouble, ...outcome.result.warnings];
  return { ...outcome, result: { ...outcome.result, warnings } };
}

/** A term in which nothing can be written. */
function observer({ region }: Pick<Config, "region">, signal: AbortSignal): Term {
  return { term: "0", id: "", electionKey: electionKey(region), signal, observer: true };
}
