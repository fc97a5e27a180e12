/** The stretch of time that the term timeline shows: a day, an hour or ten minutes, now or earlier. Pure. @module */
import { z } from "zod";

const MINUTE_MS = 60_000;

/** What the axis can be: its length, the steps in which it moves on, and its parts, ms. */
export const SPANS = {
  day: { ms: 1440 * MINUTE_MS, stepMs: 60 * MINUTE_MS, parts: 4, words: "day" },
  hour: { ms: 60 * MINUTE_MS, stepMs: 5 * MINUTE_MS, parts: 4, words: "hour" },
  "10min": { ms: 10 * MINUTE_MS, stepMs: MINUTE_MS, parts: 5, words: "10 min" },
} as const;
/** Name of one. */
export type Span = keyof typeof SPANS;

/** What the election's page can be asked for; what does not fit counts as not said. */
export const windowQuerySchema = z.object({
  span: z.enum(["day", "hour", "10min"]).catch("day"),
  /** End of the axis in UTC, such as 2026-11-27T12:10; nothing: now. */
  to: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/).refine((text) => !Number.isNaN(timeOf(text)))
    .or(z.literal("")).catch(""),
});
export type WindowQuery = z.infer<typeof windowQuerySchema>;

/** ms since the epoch. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
  /** Where the axis is marked, the ends among them. */
  readonly marks: readonly number[];
}

function timeOf(text: string): number {
  return Date.parse(`${text}:00Z`);
}

/** What is asked for; one that ends now ends at the next step, so that it does not move all the time. */
export function windowOf({ span, to: said }: WindowQuery, now: number): TimeWindow {
  const { ms, stepMs, parts } = SPANS[span];
  const newest = Math.ceil(now / stepMs) * stepMs;
  const to = said === "" ? newest : Math.min(newest, timeOf(said));
  const marks = Array.from({ length: parts + 1 }, (_, i) => to - ms + i * ms / parts);
  return { from: to - ms, to, marks };
}

/** The query for the axis that ends at a time; one that would end in the future ends now. */
export function endingAt(span: Span, to: number, now: number): WindowQuery {
  const minute = Math.ceil(to / MINUTE_MS) * MINUTE_MS;
  return { span, to: minute >= now ? "" : new Date(minute).toISOString().slice(0, 16) };
}

/** The part of a stretch that is within the window; null: it is outside. */
export function within(
  { from, to }: Pick<TimeWindow, "from" | "to">,
  stretch: { readonly start: number; readonly end: number },
): { start: number; end: number } | null {
  const start = Math.max(from, stretch.start);
  const end = Math.min(to, stretch.end);
  return start <= end ? { start, end } : null;
}
