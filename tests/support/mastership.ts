/** Mastership as an elector of this machine publishes it. @module */
import { systemClock } from "../../lib/base/clock.ts";
import type { Mastership } from "../../lib/state/records.ts";

/** A record of now, valid for so long. */
export function mastershipNow(term: string, validMs = 60_000): Mastership {
  const heartbeat = Date.now();
  return {
    heartbeat,
    validUntil: heartbeat + validMs,
    uptime: systemClock.uptime(),
    term,
    id: "n:1",
    since: heartbeat,
  };
}
