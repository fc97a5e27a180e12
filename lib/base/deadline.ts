/** Work with a limit of time. @module */
import { abortable } from "./abortable.ts";
import { type Clock, systemClock } from "./clock.ts";

/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** @default the machine's */
  readonly clock?: Pick<Clock, "sleep">;
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
}

/**
 * What the work gives, or what `late` gives (or throws) when that takes longer than `ms`. The work itself
 * goes on; what becomes of it then is dropped, a failure too. No timer and no listener is left.
 *
 * @throws what the work or `late` throws, and the signal's reason, should it be aborted first.
 */
export async function deadline<T, L>(
  work: Promise<T>,
  ms: number,
  late: () => L,
  { clock = systemClock, signal }: DeadlineOptions = {},
): Promise<T | L> {
  const over = new AbortController();
  const first = Promise.race([work, clock.sleep(ms, over.signal).then(late)]);
  try {
    return await (signal ? abortable(first, signal) : first);
  } finally {
    over.abort();
  }
}
