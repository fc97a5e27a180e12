/**
 * Asks this node's manager to give mastership away, through the state store, and waits for its answer.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { StepDown } from "./records.ts";
import type { StateStore } from "./store.ts";

const ANSWER_MS = 5000;
const POLL_MS = 50;

/**
 * Writes the wish and waits up to 5 s until the manager has seen it.
 *
 * @throws when no manager answers; the wish is void then.
 */
export async function requestStepDown(
  store: StateStore,
  clock: Clock,
  by: string,
  pauseSeconds: number,
): Promise<NonNullable<StepDown["outcome"]>> {
  const id = crypto.randomUUID();
  const wish: StepDown = {
    id,
    at: clock.now(),
    by,
    pauseSeconds,
    outcome: null,
    handledAt: null,
  };
  await store.writeStepDown(wish);
  const endsAt = clock.monotonic() + ANSWER_MS;
  while (clock.monotonic() < endsAt) {
    const answer = await store.readStepDown();
    if (answer?.id !== id) throw new Error("another request to step down came in between");
    if (answer.outcome !== null) return answer.outcome;
    await clock.sleep(POLL_MS);
  }
  await store.writeStepDown({ ...wish, outcome: "not leading", handledAt: clock.now() });
  throw new Error(`no manager answered within ${ANSWER_MS / 1000} s: is the node running?`);
}
