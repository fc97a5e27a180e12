/** Runs by the hour: that they ran, also those of which no record is kept. @module */
import { z } from "zod";
import { count, ms } from "./fields.ts";

/** The resyncs that ended in one hour, whatever they found. */
export const resyncHourSchema = z.object({
  /** Start of the hour, in UTC. */
  at: ms,
  /** Those that changed something; of a dry run: that found something to change. */
  changed: count,
  failed: count,
  /** All others. */
  empty: count,
  /** Start of the first of them, and end of the last. */
  firstAt: ms,
  lastAt: ms,
  /** The longest of them, ms. */
  longestMs: ms,
  /** The longest time between two of them, from end to start, ms. */
  pauseMs: ms,
});
export type ResyncHour = z.infer<typeof resyncHourSchema>;

/** An hour, ms. */
export const HOUR_MS = 3_600_000;
/** For how long hours, and runs that mattered, are kept, ms: a week. */
export const KEPT_MS = 7 * 24 * HOUR_MS;
/** Hours that are kept: those of a week, and the one that has begun. */
export const MAX_HOURS = KEPT_MS / HOUR_MS + 1;
