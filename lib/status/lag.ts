/** How old the latest news were when they were seen. @module */
import type { Clock } from "../base/clock.ts";
import { Ring } from "../base/ring.ts";

const KEPT = 200;
const WINDOW_MS = 60_000;

/**
 * Lags of the last minute, at most 200. The median tells a backlog, which delays all, from one host
 * whose clock is wrong.
 */
export class Lag {
  readonly #seen = new Ring<{ at: number; ms: number }>(KEPT);

  constructor(readonly clock: Clock) {}

  add(ms: number): void {
    this.#seen.push({ at: this.clock.monotonic(), ms });
  }

  /** Milliseconds; null when nothing was seen within the last minute. */
  summary(): { lagMs: number | null; maxLagMs: number | null } {
    const after = this.clock.monotonic() - WINDOW_MS;
    const sorted = [...this.#seen].filter(({ at }) => at > after).map(({ ms }) => ms).sort((a, b) =>
      a - b
    );
    return {
      lagMs: sorted[Math.floor(sorted.length / 2)] ?? null,
      maxLagMs: sorted.at(-1) ?? null,
    };
  }
}
