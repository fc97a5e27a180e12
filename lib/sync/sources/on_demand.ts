/** A resync that an operator asks for: all or some objects, for real or to look. @module */
import { FenceLostError } from "../../etcd/client.ts";
import { describeError } from "../../base/log.ts";
import type { JobContext, Term } from "../../role/master_context.ts";
import type { ResyncAnswer, ResyncRequest } from "../../state/records.ts";
import type { ResyncBase } from "./base.ts";
import { compareOnly, type Outcome } from "./compare_only.ts";
import { DifferenceLog, saveDiff } from "../apply/difference_log.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { isFull, narrowResync } from "./narrow.ts";
import type { Step } from "../apply/step.ts";
import { type ResyncResult, SyncRun } from "../apply/sync_run.ts";
import { recorded, type StepBeats } from "../report/record.ts";
import { NOTHING_YET } from "../report/report.ts";

/** What answering needs. */
export interface AnswerContext extends Pick<JobContext, "store" | "clock" | "log"> {
  readonly stateDir: string;
  /** Who answers: a master, or somebody who only looks. */
  readonly term: Pick<Term, "term" | "signal" | "observer">;
}

/** What a master needs to do what is asked. */
export interface OnDemandContext extends JobContext {
  readonly stateDir: string;
  readonly term: Term;
  readonly base: ResyncBase;
  readonly beats: StepBeats;
  readonly index: CloudIndex;
  /** The full resync of the syncer's own loop. */
  full(options: FullOptions): Promise<ResyncResult>;
}

/** How a full resync is asked for. */
export interface FullOptions {
  readonly allowDeletions: boolean;
  readonly differences: DifferenceLog;
  /** Hears of each step. */
  tell(step: Step): void;
}

const ANSWER_MS = 200;

function wordOf(dryRun: boolean): string {
  return dryRun ? "dry run" : "resync";
}

/** An answer before anything is known. */
export function beginAnswer(
  { id, dryRun }: Pick<ResyncRequest, "id" | "dryRun">,
  at: number,
): ResyncAnswer {
  const doing = wordOf(dryRun);
  return { id, at, state: "running", doing, dryRun, ...NOTHING_YET, error: null, differences: 0 };
}

/** The answer when all is done. */
export function finishAnswer(
  answer: ResyncAnswer,
  { result, problem, differences }: Outcome,
  at: number,
): ResyncAnswer {
  const state = problem === null ? "done" : "failed";
  return { ...answer, ...result, at, state, error: problem, differences: differences.total };
}

/**
 * Takes the request, has it carried out and answers it. What is to be written is asked of one term, and
 * refused by everybody else.
 *
 * @throws {FenceLostError} another node leads.
 */
export async function answerRequest(
  request: ResyncRequest,
  context: AnswerContext,
  carryOut: (progress: (step: Step) => void) => Promise<Outcome>,
): Promise<void> {
  const { store, clock, log, term } = context;
  await store.writeResyncRequest(null);
  log.info("resync was asked for", { by: request.by, dryRun: request.dryRun });
  const answer = beginAnswer(request, clock.now());
  const fail = (error: string) =>
    store.writeResyncAnswer({ ...answer, at: clock.now(), error, state: "failed" });
  if (!request.dryRun && (term.observer || request.term !== term.term)) {
    return await fail("mastership has ended since it was asked for: ask again");
  }
  await store.writeResyncAnswer(answer);
  let saidAt = 0;
  let saying = Promise.resolve();
  try {
    const outcome = await carryOut((step) => {
      if (clock.now() - saidAt < ANSWER_MS) return;
      saidAt = clock.now();
      const doing = `${wordOf(request.dryRun)}: ${step}`;
      saying = store.writeResyncAnswer({ ...answer, at: saidAt, doing, step }).catch(() => {});
    });
    await saying; // nothing may come after the last word
    await keep(request, outcome, context);
    await store.writeResyncAnswer(finishAnswer(answer, outcome, clock.now()));
  } catch (error) {
    await saying;
    await fail(term.signal.aborted ? endOf(term) : describeError(error).slice(0, 500));
    if (error instanceof FenceLostError) throw error;
    if (!term.signal.aborted) log.warn("the resync that was asked for failed", { error });
  }
}

function endOf({ observer, signal }: AnswerContext["term"]): string {
  return observer
    ? `${signal.reason?.message ?? "it was given up"}: ask again`
    : "mastership ended";
}

/** Keeps what was found for whoever asked; without room for it, the counts are all there is. */
async function keep(
  { id }: ResyncRequest,
  { differences, text }: Outcome,
  { stateDir, log }: AnswerContext,
): Promise<void> {
  try {
    await differences.saveAsked(stateDir, id);
    if (text !== null) await saveDiff(stateDir, text);
  } catch (error) {
    log.warn("the differences of a resync cannot be kept for whoever asked", { error });
  }
}

/** Does as a master what is asked. */
export async function carryOut(
  request: ResyncRequest,
  context: OnDemandContext,
  tell: (step: Step) => void,
): Promise<Outcome> {
  const { term, base, stateDir, beats, index } = context;
  beats.problem = null;
  const progress = (step: Step) => {
    beats.step(`${wordOf(request.dryRun)}: ${step}`);
    tell(step);
  };
  if (request.dryRun) return await compareOnly(request, { ...base, progress }, term, index);
  const differences = new DifferenceLog();
  if (isFull(request)) {
    const { allowDeletions } = request;
    const result = await context.full({ allowDeletions, differences, tell });
    return { result, problem: null, differences, text: null };
  }
  const deps = { ...base, progress, differences };
  const { allowDeletions } = request;
  const run = new SyncRun(deps, term, index, { allowDeletions });
  let problem: string | null = null;
  const noted = { reason: "requested" as const, whole: false, differences, stateDir };
  await recorded(context, term, noted, async () => {
    problem = await narrowResync(run, request);
    const result = run.result();
    return { ...result, warnings: [...result.warnings, ...problem === null ? [] : [problem]] };
  });
  return { result: run.result(), problem, differences, text: null };
}
