/**
 * Answers traces that the page asks for, in the resource syncer's process and beside its work: whether this
 * node leads or not, one after the other, each with a deadline.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { describeError } from "../base/log.ts";
import { clip } from "../base/clip.ts";
import type { Config } from "../config/config_types.ts";
import type { JobContext } from "../role/master_context.ts";
import type { TraceRequest } from "../state/records.ts";
import { takeTrace } from "../state/trace_request.ts";
import type { ResyncConfig } from "../sync/sources/base.ts";
import { readCloud, TRACE_MS } from "./cloud_account.ts";
import { judgeTrace } from "./judge.ts";
import { readNode } from "./node_account.ts";
import { QUERY_HELP, readQuery } from "./query.ts";
import type { Trace } from "./trace.ts";
import { writeTraceFile } from "./trace_file.ts";

/** Between looks for a request of which nobody told it, ms: an idle node pays next to nothing for it. */
const LOOK_MS = 5000;
const MAX_ERROR_CHARS = 500;

/** What answering needs. */
export interface AnswersContext {
  readonly config: ResyncConfig & Pick<Config, "stateDir"> & {
    readonly sync: Pick<Config["sync"], "startupResync">;
  };
  readonly etcd: Etcd3;
  readonly job: Pick<JobContext, "store" | "clock" | "log">;
}

/** Answers until the signal aborts. */
export async function answerTraces(context: AnswersContext, signal: AbortSignal): Promise<void> {
  const { store, clock, log } = context.job;
  while (!signal.aborted) {
    const seen = store.changes.count;
    try {
      const request = await takeTrace(store, clock);
      if (request) await answer(request, context, signal);
    } catch (error) {
      if (!signal.aborted) log.warn("a trace cannot be answered", { error });
    }
    await store.changes.after(seen, LOOK_MS, clock, signal);
  }
}

async function answer(
  { id, query, by }: TraceRequest,
  context: AnswersContext,
  signal: AbortSignal,
): Promise<void> {
  const { config, job: { store, clock, log } } = context;
  log.info("a trace was asked for", { by, query });
  const own = AbortSignal.any([signal, AbortSignal.timeout(TRACE_MS)]);
  let error: string | null = null;
  try {
    await writeTraceFile(config.stateDir, id, await trace(query, context, own));
  } catch (reason) {
    if (signal.aborted) throw reason;
    error = clip(describeError(reason, false), MAX_ERROR_CHARS);
  }
  await store.writeTraceAnswer({ id, at: clock.now(), error });
}

async function trace(
  text: string,
  { config, etcd, job: { store, clock } }: AnswersContext,
  signal: AbortSignal,
): Promise<Trace> {
  const query = readQuery(text);
  if (query === null) throw new Error(`allowed is ${QUERY_HELP}`);
  const cloud = await readCloud(query, { config, etcd, clock, signal });
  return judgeTrace(cloud, await readNode(cloud, { store, clock, config }));
}
