/**
 * Requests to another process of the node and their answers, both records of the state store. Whoever
 * answers is woken by the news of the request, and whoever asks by that of the answer.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { StateStore } from "./store.ts";

/** Between looks for an answer of which nobody told, ms. */
const LOOK_MS = 500;

/** One request. */
export interface Request<Answer> {
  /** Leaves it where it is looked for; not given when it was left before. */
  leave?(): Promise<void>;
  /**
   * The answer; null while there is none.
   *
   * @param heard to be called when whoever answers is at it: the time for the answer begins anew
   * @throws when there will be none.
   */
  readAnswer(heard: () => void): Promise<Answer | null>;
  /** Makes it void, unless another request has taken its place: nobody is to act on it any more. */
  withdraw(): Promise<void>;
}

/** Bounds of the wait for an answer. */
export interface RequestLimits {
  /** Of silence, ms. */
  readonly answerMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Leaves a request and waits for its answer; null: nobody answered in time. A request that was not
 * answered, however that came, is withdrawn.
 *
 * @throws what the request's calls throw, and the signal's reason.
 */
export async function ask<Answer>(
  { changes }: Pick<StateStore, "changes">,
  clock: Clock,
  request: Request<Answer>,
  { answerMs, signal = new AbortController().signal }: RequestLimits,
): Promise<Answer | null> {
  try {
    await request.leave?.();
    let heardAt = clock.monotonic();
    while (true) {
      signal.throwIfAborted();
      const seen = changes.count;
      const answer = await request.readAnswer(() => heardAt = clock.monotonic());
      if (answer !== null) return answer;
      // After a look: an asker that stood still, or was not told, must not withdraw what is answered.
      if (clock.monotonic() - heardAt >= answerMs) break;
      await changes.after(seen, LOOK_MS, clock, signal);
    }
  } catch (error) {
    await request.withdraw();
    throw error;
  }
  await request.withdraw();
  return null;
}
