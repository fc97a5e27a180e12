/**
 * What was asked of a node, as events of the source "requests": who, what, and what came of it. Whoever
 * leaves a request notes it, so that it is known also when nobody takes it up.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { escapeControls } from "../base/escape_controls.ts";
import { describeError } from "../base/log.ts";
import { safeBy } from "./asked_by.ts";
import type { StateStore } from "./store.ts";

/** The source of these events. */
export const REQUESTS = "requests";

/** One request. */
export interface AskedFor {
  /** Who: a sentence of `asked_by.ts`, or the name of a signal. */
  readonly by: string;
  /** What, as a noun with its article. */
  readonly what: string;
  /** What came of it, when that is known at once. */
  readonly outcome?: string;
}

/** Notes it; does not throw: what was asked for does not depend on it. */
export async function noteRequest(
  store: StateStore,
  clock: Clock,
  { by, what, outcome }: AskedFor,
): Promise<void> {
  const message = `${what} was asked for by ${safeBy(by)}${outcome ? `: ${outcome}` : ""}`;
  const event = { at: clock.now(), level: "info", message: escapeControls(message) } as const;
  await store.addEvent(REQUESTS, event).catch(() => {});
}

/** Does what is asked and notes it, also when it is refused. */
export async function noted<T>(
  store: StateStore,
  clock: Clock,
  asked: AskedFor,
  act: () => Promise<T>,
  outcomeOf: (result: T) => string | undefined = () => undefined,
): Promise<T> {
  try {
    const result = await act();
    await noteRequest(store, clock, { ...asked, outcome: outcomeOf(result) });
    return result;
  } catch (error) {
    await noteRequest(store, clock, { ...asked, outcome: notDone(error) });
    throw error;
  }
}

/**
 * The same, noted before it is done as well: whoever asks waits for long, and may be interrupted. What came of it
 * is noted when there is something to say.
 */
export async function notedFirst<T>(
  store: StateStore,
  clock: Clock,
  asked: AskedFor,
  act: () => Promise<T>,
  outcomeOf: (result: T) => string | undefined,
): Promise<T> {
  await noteRequest(store, clock, asked);
  try {
    const result = await act();
    const outcome = outcomeOf(result);
    if (outcome !== undefined) await noteRequest(store, clock, { ...asked, outcome });
    return result;
  } catch (error) {
    await noteRequest(store, clock, { ...asked, outcome: notDone(error) });
    throw error;
  }
}

function notDone(error: unknown): string {
  return `it was not done: ${describeError(error, false)}`;
}
