/** The machine's clock, which a test can put ahead. @module */
import { type Clock, systemClock } from "../../lib/base/clock.ts";

/** A clock that runs as the machine's does, and what puts it ahead by so many ms. */
export function aheadClock(): { readonly clock: Clock; pass(ms: number): void } {
  let aheadMs = 0;
  return {
    clock: {
      ...systemClock,
      now: () => systemClock.now() + aheadMs,
      monotonic: () => systemClock.monotonic() + aheadMs,
    },
    pass: (ms) => void (aheadMs += ms),
  };
}
