/**
 * A role's signs of life. They come from the loops that do the role's work, never from a timer alone:
 *
 * - The main loop calls `alive` with each turn. Before a wait that may take longer than the supervisor
 *   puts up with, it says for how long at most, and until then the sign is repeated once a second: a
 *   blocked event loop or a stopped process repeats nothing, and a wait beyond its limit goes silent.
 * - A loop beside the main one has a {@linkcode Deadman}: it says when it will be back at the latest.
 *   While one is late, {@linkcode whileOnTime} lets no sign of the main loop through.
 *
 * Trusts the process's monotonic clock.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** Says that the loop which does the work makes progress; see `JobContext.alive`. */
export type SayAlive = (doing: string, problem?: string | null, withinMs?: number) => void;

/** What is written. */
export interface Sign {
  /** ms since the epoch */
  readonly at: number;
  readonly doing: string;
  readonly problem: string | null;
}

const INTERVAL_MS = 1000;

/** Writes the signs of one role, about one a second; dispose of it to end the repetition. */
export class SignsOfLife implements Disposable {
  readonly #clock: Clock;
  readonly #write: (sign: Sign) => void;
  readonly #stop = new AbortController();
  #writtenAt = -Infinity;
  #last: Omit<Sign, "at"> | null = null;
  /** The main loop is back by then, monotonic ms. */
  #backBy = -Infinity;

  constructor(clock: Clock, write: (sign: Sign) => void) {
    this.#clock = clock;
    this.#write = write;
    this.#repeat();
  }

  /** See `JobContext.alive`. */
  readonly alive: SayAlive = (doing, problem = null, withinMs = 0) => {
    const now = this.#clock.monotonic();
    this.#backBy = now + withinMs;
    const news = problem !== (this.#last?.problem ?? null);
    this.#last = { doing, problem };
    if (news || now - this.#writtenAt >= INTERVAL_MS) this.#say(now);
  };

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  #say(now: number): void {
    this.#writtenAt = now;
    this.#write({ at: this.#clock.now(), ...this.#last! });
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const now = this.#clock.monotonic();
      if (now < this.#backBy && now - this.#writtenAt >= INTERVAL_MS) this.#say(now);
      await this.#clock.sleep(INTERVAL_MS, signal).catch(() => {});
    }
  }
}

/** A loop's promise to be back; nothing is promised at first. */
export class Deadman {
  #backBy = Infinity;

  /** `name` is for the log: "the watch". */
  constructor(readonly name: string, readonly clock: Pick<Clock, "monotonic">) {}

  /** The loop goes on, and calls this or {@linkcode rest} again within that time, ms. */
  within(ms: number): void {
    this.#backBy = this.clock.monotonic() + ms;
  }

  /** The loop has ended, or waits for something that need not come. */
  rest(): void {
    this.#backBy = Infinity;
  }

  /** Whether the promise is broken. */
  get late(): boolean {
    return this.clock.monotonic() > this.#backBy;
  }
}

/** `alive`, let through while none of the loops is late; the first one that is gets named in the log. */
export function whileOnTime(
  alive: SayAlive,
  loops: readonly Pick<Deadman, "name" | "late">[],
  log: Log,
): SayAlive {
  let said: string | null = null;
  return (doing, problem, withinMs) => {
    const late = loops.find((loop) => loop.late)?.name ?? null;
    if (late !== null && late !== said) {
      log.error("a loop of this role makes no progress", { loop: late });
    }
    said = late;
    if (late === null) alive(doing, problem, withinMs);
  };
}
