/**
 * A role's heartbeats. They come from the loops that do the role's work, never from a timer alone:
 *
 * - The main loop calls `alive` with each turn. Before a wait that may take longer than `role_timeout`,
 *   it says how long at most, and until then the heartbeat is repeated. A blocked event loop or a stopped
 *   process repeats nothing, and a wait beyond its limit goes silent.
 * - A loop beside the main one has a {@linkcode Watchdog}: it says when it will be back at the latest.
 *   While one is late, {@linkcode whileOnTime} lets no heartbeat of the main loop through.
 *
 * Trusts the process's monotonic clock.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** Says that the loop which does the work makes progress; see `JobContext.alive`. */
export type Beat = (doing: string, problem?: string | null, withinMs?: number) => void;

/** What is written. */
export interface Heartbeat {
  /** ms since the epoch */
  readonly at: number;
  readonly doing: string;
  readonly problem: string | null;
}

/** Longest time between two heartbeats, ms. */
const MAX_INTERVAL_MS = 2000;
/** Time after which another `doing` is written at once, ms: short runs in a row must not look like one long run. */
const NEWS_MS = 900;
/** Heartbeats within `role_timeout`. */
const BEATS_IN_TIMEOUT = 5;
/** A heartbeat may be this early, ms: a loop that turns once a second is not exact. */
const EARLY_MS = 100;

/**
 * Writes the heartbeats of one role, a fifth of `role_timeout` apart and 2 s at most: each costs about as much
 * as all else that a role does in an idle second. Dispose of it to end the repetition.
 */
export class Heartbeats implements Disposable {
  readonly #stop = new AbortController();
  #writtenAt = -Infinity;
  #last: Omit<Heartbeat, "at"> | null = null;
  #written: Omit<Heartbeat, "at"> | null = null;
  /** The main loop is back by then, monotonic ms. */
  #backBy = -Infinity;
  #repeating = false;
  readonly #intervalMs: number;

  constructor(
    readonly clock: Clock,
    roleTimeoutMs: number,
    readonly write: (heartbeat: Heartbeat) => void,
  ) {
    this.#intervalMs = Math.min(MAX_INTERVAL_MS, roleTimeoutMs / BEATS_IN_TIMEOUT);
  }

  /** See `JobContext.alive`. */
  readonly alive: Beat = (doing, problem = null, withinMs = 0) => {
    const now = this.clock.monotonic();
    this.#backBy = now + withinMs;
    const other = problem !== (this.#written?.problem ?? null);
    const stale = doing !== this.#written?.doing && now - this.#writtenAt >= NEWS_MS;
    this.#last = { doing, problem };
    if (other || stale || this.#isDue(now)) this.#say(now);
    if (withinMs > this.#intervalMs) this.#repeat();
  };

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  #isDue(now: number): boolean {
    return now - this.#writtenAt >= this.#intervalMs - EARLY_MS;
  }

  #say(now: number): void {
    this.#writtenAt = now;
    this.#written = this.#last;
    this.write({ at: this.clock.now(), ...this.#last! });
  }

  /** Repeats the heartbeat until the main loop is back, or should be. */
  async #repeat(): Promise<void> {
    if (this.#repeating) return;
    this.#repeating = true;
    const { signal } = this.#stop;
    while (!signal.aborted && this.clock.monotonic() < this.#backBy) {
      await this.clock.sleep(this.#intervalMs, signal).catch(() => {});
      const now = this.clock.monotonic();
      if (now < this.#backBy && this.#isDue(now)) this.#say(now);
    }
    this.#repeating = false;
  }
}

/** When a loop has to be back at the latest; at first there is no limit. */
export class Watchdog {
  #backBy = Infinity;

  /** `name` is for the log: "the watch". */
  constructor(readonly name: string, readonly clock: Pick<Clock, "monotonic">) {}

  /** The loop goes on, and calls this or {@linkcode rest} again within that time, ms. */
  within(ms: number): void {
    this.#backBy = this.clock.monotonic() + ms;
  }

  /** The loop has ended, or waits without a limit. */
  rest(): void {
    this.#backBy = Infinity;
  }

  /** Whether the loop is late. */
  get late(): boolean {
    return this.clock.monotonic() > this.#backBy;
  }
}

/** Passes `alive` on while none of the loops is late; the log names the first one that is. */
export function whileOnTime(
  alive: Beat,
  loops: readonly Pick<Watchdog, "name" | "late">[],
  log: Log,
): Beat {
  let said: string | null = null;
  return (doing, problem, withinMs) => {
    const late = loops.find((loop) => loop.late)?.name ?? null;
    if (late !== null && late !== said) {
      log.warn("a loop of this role makes no progress", { loop: late });
    }
    said = late;
    if (late === null) alive(doing, problem, withinMs);
  };
}
