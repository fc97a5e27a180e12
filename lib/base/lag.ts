/** How old the latest updates were when they were seen. @module */
import type { Clock } from "./clock.ts";
import { median } from "./median.ts";
import { Ring } from "./ring.ts";

const KEPT = 200;
const WINDOW_MS = 60_000;

/**
 * The lags of the last minute, at most 200. The median tells a backlog, which delays all updates, from one
 * host whose clock is wrong.
 */
export class Lag {
  readonly #seen = new Ring<{ at: number; ms: number }>(KEPT);

  constructor(readonly clock: Clock) {}

  /** Adds the age of an update that is seen now, ms. */
  add(ms: number): void {
    this.#seen.push({ at: this.clock.monotonic(), ms });
  }

  /** Median and maximum, ms; null when nothing was seen within the last minute. */
  summary(): { lagMs: number | null; maxLagMs: number | null } {
    const after = this.clock.monotonic() - WINDOW_MS;
    const lags = [...this.#seen].filter(({ at }) => at > after).map(({ ms }) => ms);
    if (lags.length === 0) return { lagMs: null, maxLagMs: null };
    return { lagMs: median(lags), maxLagMs: Math.max(...lags) };
  }
}
