/**
 * Asks this node's manager to give mastership away, through the state store, and waits for its answer.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { noted } from "./asked_for.ts";
import type { StepDownRequest } from "./records.ts";
import { ask } from "./request.ts";
import type { StateStore } from "./store.ts";

const ANSWER_MS = 5000;

/**
 * Leaves the request, waits up to 5 s until the manager has answered it, and notes what came of it.
 *
 * @throws when no manager answers; the request is void then.
 */
export async function requestStepDown(
  store: StateStore,
  clock: Clock,
  by: string,
  pauseSeconds: number,
): Promise<NonNullable<StepDownRequest["outcome"]>> {
  const what = `a step-down of this node, with a pause of ${pauseSeconds} s,`;
  const act = () => leaveStepDown(store, clock, by, pauseSeconds);
  return await noted(store, clock, { by, what }, act, (outcome) => outcome);
}

async function leaveStepDown(
  store: StateStore,
  clock: Clock,
  by: string,
  pauseSeconds: number,
): Promise<NonNullable<StepDownRequest["outcome"]>> {
  const id = crypto.randomUUID();
  const asked = { id, at: clock.now(), by, pauseSeconds };
  const outcome = await ask(store, clock, {
    leave: () => store.writeStepDown({ ...asked, outcome: null, handledAt: null }),
    async readAnswer() {
      const answer = await store.readStepDown();
      if (answer?.id !== id) throw new Error("another request to step down came in between");
      return answer.outcome;
    },
    async withdraw() {
      if ((await store.readStepDown())?.id !== id) return;
      await store.writeStepDown({ ...asked, outcome: "not leading", handledAt: clock.now() });
    },
  }, { answerMs: ANSWER_MS });
  if (outcome !== null) return outcome;
  throw new Error(`no manager answered within ${ANSWER_MS / 1000} s: is the node running?`);
}
