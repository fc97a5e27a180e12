/** A resync that an operator asks for: all or some objects, for real or to look. @module */
import type { Config } from "../config_types.ts";
import { FenceLostError } from "../etcd/client.ts";
import { describeError } from "../log.ts";
import type { JobContext, Term } from "../master_context.ts";
import type { ResyncAnswer, ResyncRequest } from "../state_records.ts";
import { DifferenceLog } from "./difference_log.ts";
import { DryRunSink } from "./dry_run.ts";
import { expand } from "./expand.ts";
import type { Memory } from "./memory.ts";
import { EtcdSink, Pass, type ResyncDeps, type ResyncResult, type Sink } from "./pass.ts";
import { reconcile } from "./reconcile.ts";
import { recorded, type StepSigns } from "./record.ts";
import { fullResync } from "./resync.ts";

/** What answering needs. */
export interface OnDemandContext extends JobContext {
  readonly config: Pick<Config, "stateDir" | "region">;
  readonly term: Term;
  readonly base: Omit<ResyncDeps, "progress">;
  readonly signs: StepSigns;
  readonly memory: Memory;
  /** The full resync of the syncer's own loop. */
  full(allowDeletions: boolean): Promise<ResyncResult>;
}

const ANSWER_MS = 200;
/** File with the differences of the last dry run, below the state directory. */
const DIFFERENCES = "resync.diff";

/** Carries the request out and answers it. @throws {FenceLostError} another node leads. */
export async function answerRequest(
  request: ResyncRequest,
  context: OnDemandContext,
): Promise<void> {
  const { store, clock, log, term } = context;
  await store.writeResyncRequest(null);
  log.info("resync was asked for", { by: request.by, dryRun: request.dryRun });
  const answer: ResyncAnswer = {
    id: request.id,
    at: clock.now(),
    state: "running",
    doing: "resync",
    kinds: {},
    warnings: [],
    guards: [],
    leftOut: [],
    error: null,
    differences: null,
  };
  await store.writeResyncAnswer(answer);
  try {
    const { differences, ...result } = await carryOut(request, context, answer);
    const at = clock.now();
    await store.writeResyncAnswer({ ...answer, ...result, at, differences, state: "done" });
  } catch (error) {
    const at = clock.now();
    const text = term.signal.aborted ? "mastership ended" : describeError(error).slice(0, 500);
    await store.writeResyncAnswer({ ...answer, at, error: text, state: "failed" });
    if (error instanceof FenceLostError) throw error;
    if (!term.signal.aborted) log.error("the resync that was asked for failed", { error });
  }
}

async function carryOut(
  request: ResyncRequest,
  context: OnDemandContext,
  answer: ResyncAnswer,
): Promise<Pick<ResyncAnswer, keyof ResyncResult | "differences">> {
  const { config, term, base, store, clock, signs } = context;
  let saidAt = 0;
  signs.problem = null;
  const progress = (doing: string) => {
    signs.step(doing);
    if (clock.now() - saidAt < ANSWER_MS) return;
    saidAt = clock.now();
    store.writeResyncAnswer({ ...answer, at: saidAt, doing }).catch(() => {});
  };
  const differences = new DifferenceLog();
  const deps = { ...base, progress, differences };
  const dry = request.dryRun ? new DryRunSink() : null;
  const all = [request.networks, request.subnets, request.ports, request.groups]
    .every((list) => list.length === 0);
  if (!dry) {
    const result = all ? await context.full(request.allowDeletions) : await recorded(
      context,
      term,
      { reason: "requested", whole: false, differences, stateDir: config.stateDir },
      () => narrow(request, context, { ...deps, differences }, new EtcdSink(deps, term)),
    );
    return { ...result, differences: null };
  }
  const { kinds, warnings, guards, leftOut } = all
    ? await fullResync(deps, term, { sink: dry, allowDeletions: request.allowDeletions })
    : await narrow(request, context, deps, dry);
  await Deno.writeTextFile(`${config.stateDir}/${DIFFERENCES}`, dry.text(), { mode: 0o600 });
  return { kinds, warnings, guards, leftOut, differences: DIFFERENCES };
}

async function narrow(
  request: ResyncRequest,
  { term, memory }: OnDemandContext,
  deps: ResyncDeps,
  sink: Sink,
): Promise<ResyncResult> {
  const pass = new Pass(deps, term, sink);
  // A dry run learns what is not so in etcd.
  const known = request.dryRun ? memory.scratch() : memory;
  await reconcile(pass, known, await expand(pass, known, request));
  return pass.result();
}
