/**
 * Asks this node's resource syncer for a trace, through the state store: the page's process has no way to
 * Neutron and etcd. One is asked for at a time; what is found is in a file, as it is too large for a record.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { TraceRequest } from "./records.ts";
import { ask } from "./request.ts";
import type { StateStore } from "./store.ts";

/** Of silence, ms: longer than a trace takes. */
const ANSWER_MS = 40_000;

/** There will be no answer; the message says why, and what to do. */
export class TraceUnansweredError extends Error {
  override readonly name = "TraceUnansweredError";
}

/**
 * Leaves the request and waits for its answer; resolves to the id of what was found.
 *
 * @throws {TraceUnansweredError} nobody answers in time, or the trace has failed.
 */
export async function requestTrace(
  store: StateStore,
  clock: Clock,
  { query, by }: Pick<TraceRequest, "query" | "by">,
  { answerMs = ANSWER_MS, signal }: { answerMs?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const id = crypto.randomUUID();
  const answer = await ask(store, clock, {
    leave: () => store.writeTraceRequest({ id, at: clock.now(), by, query }),
    async readAnswer() {
      const answer = await store.readTraceAnswer();
      return answer?.id === id ? answer : null;
    },
    async withdraw() {
      if ((await store.readTraceRequest())?.id === id) await store.writeTraceRequest(null);
    },
  }, { answerMs, signal });
  if (answer === null) {
    throw new TraceUnansweredError(
      `the resource syncer does not answer within ${
        answerMs / 1000
      } s: look at its role's page and ` +
        "log, or trace on the command line, which needs no node",
    );
  }
  if (answer.error !== null) throw new TraceUnansweredError(`the trace failed: ${answer.error}`);
  return id;
}

/** Takes up a request that waits, on the syncer's side; null: there is none, or its asker has given up. */
export async function takeTrace(store: StateStore, clock: Clock): Promise<TraceRequest | null> {
  const request = await store.readTraceRequest();
  if (request === null) return null;
  await store.writeTraceRequest(null);
  return Math.abs(clock.now() - request.at) > ANSWER_MS ? null : request;
}
