/** How far another machine's clock is from ours, from what it says of the time. @module */
import { failed, ok, type Verdict, warning } from "./check.ts";

/** A time that another machine told, and ours around it; ms since the epoch. */
export interface ClockReading {
  readonly theirs: number;
  /** How much later than `theirs` it may have been when it was told, such as 1000 for whole seconds. */
  readonly resolutionMs: number;
  readonly askedAt: number;
  readonly answeredAt: number;
}

const WARN_MS = 2000;
/** Neutron ignores reports whose time is far off, and tokens seem to be over. */
const FAIL_MS = 15_000;
const ADVICE = "synchronise the clocks of all nodes (chrony or systemd-timesyncd)";

/** How far theirs is ahead of ours at least, ms; negative: behind; 0: it may well be right. */
export function offsetMs({ theirs, resolutionMs, askedAt, answeredAt }: ClockReading): number {
  const ahead = theirs - answeredAt;
  const behind = theirs + resolutionMs - askedAt;
  return ahead > 0 ? ahead : behind < 0 ? behind : 0;
}

/** Whether theirs is ahead of ours, by so much that it is worth a word. */
export function isAhead(reading: ClockReading): boolean {
  return offsetMs(reading) > WARN_MS;
}

/** The verdict on a reading. */
export function judgeOffset(reading: ClockReading): Verdict {
  const offset = offsetMs(reading);
  const words = `its clock is ${(Math.abs(offset) / 1000).toFixed(1)} s ` +
    (offset > 0 ? "ahead of ours" : "behind ours");
  if (Math.abs(offset) > FAIL_MS) return failed(words, ADVICE);
  if (Math.abs(offset) > WARN_MS) return warning(words, ADVICE);
  const { resolutionMs, askedAt, answeredAt } = reading;
  const within = (resolutionMs + answeredAt - askedAt) / 1000;
  return ok(`its clock agrees with ours within ${within.toFixed(1)} s`);
}

/** The reading in a response's `Date` header, which has whole seconds; null: it has none. */
export function readDateHeader(
  headers: Headers,
  askedAt: number,
  answeredAt: number,
): ClockReading | null {
  const theirs = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(theirs) ? null : { theirs, resolutionMs: 1000, askedAt, answeredAt };
}
