/**
 * How a role knows whether this node is master.
 *
 * `isMaster` promises that at any instant it is true on at most one node, for any pause or delay of the
 * elector, of etcd or of the machine, and for any step of the wall clock: validity is counted on the
 * wall clock and on the machine's uptime, from readings taken before the lease was asked for, and ends
 * with the first of the two. A step forward costs mastership at once; one backward does not prolong
 * it. It rests on one thing: that uptime runs at etcd's pace over one TTL, to within the margin.
 *
 * The fence, a comparison of the election key in every write, rests on nothing: a deposed master's write
 * never lands.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Mastership } from "./records.ts";

/** A heartbeat further in the future than this means that the clock was set back, ms. */
const FUTURE_MS = 1000;
/** Between two looks in the second in which validity ends by uptime, ms. */
const MIN_LOOK_MS = 50;

/** Whether that record makes this node master now. */
export function isMaster(
  record: Mastership | null,
  clock: Pick<Clock, "now" | "uptime">,
): record is Mastership {
  if (record === null) return false;
  const now = clock.now();
  if (record.heartbeat > now + FUTURE_MS || now >= record.validUntil) return false;
  const aged = agedMs(record, clock);
  return aged >= 0 && aged <= record.validUntil - record.heartbeat;
}

/**
 * Age by uptime, ms. Two readings of whole seconds are less than 1 s further apart than they say; the
 * margin, which is at least 1 s, covers that. Negative after a restart of the machine.
 */
function agedMs({ uptime }: Mastership, clock: Pick<Clock, "uptime">): number {
  return (clock.uptime() - uptime) * 1000;
}

/** After how many ms at the latest {@linkcode isMaster} has to be asked again: it may end by then. */
export function validForMs(record: Mastership, clock: Pick<Clock, "now" | "uptime">): number {
  const leftMs = record.validUntil - record.heartbeat - agedMs(record, clock);
  // By uptime it ends within a second from then on, which whole seconds do not show.
  const byUptime = Math.max(MIN_LOOK_MS, leftMs);
  return Math.min(record.validUntil - clock.now(), byUptime);
}

/**
 * From which reading of the uptime on, s, that record makes nobody master any more, wherever the wall clock
 * is stepped to.
 */
export function runsOutAt({ uptime, heartbeat, validUntil }: Mastership): number {
  return Math.floor(uptime + (validUntil - heartbeat) / 1000) + 1;
}
