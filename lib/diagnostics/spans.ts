/** How much of the past the charts show, as an address asks for it. Pure. @module */
import { z } from "zod";

/** A stretch of time that ends now. */
export interface Span {
  /** In words, after "the last". */
  readonly words: string;
  readonly ms: number;
  /** Between two samples, ms. */
  readonly sampleMs: number;
}

/** Between two samples of the last hour, ms. */
export const SAMPLE_MS = 10_000;
/** Between two samples of the last day, ms. */
export const DAY_SAMPLE_MS = 300_000;
const HOUR_MS = 3_600_000;

/** By the name in an address. */
export const SPANS = {
  "10m": { words: "10 min", ms: HOUR_MS / 6, sampleMs: SAMPLE_MS },
  "1h": { words: "hour", ms: HOUR_MS, sampleMs: SAMPLE_MS },
  "1d": { words: "day", ms: 24 * HOUR_MS, sampleMs: DAY_SAMPLE_MS },
} as const satisfies Record<string, Span>;

/** One of them. */
export type SpanName = keyof typeof SPANS;

/** The part of an address; what does not fit counts as an hour. */
export const spanSchema = z.enum(Object.keys(SPANS) as [SpanName, ...SpanName[]]).catch("1h");
