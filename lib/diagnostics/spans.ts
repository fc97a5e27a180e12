/** How much of the past the charts show, and how it is sampled. Pure. @module */
import { z } from "zod";
import { type Span, SPANS } from "./charts/time_window.ts";

/** A stretch of time that ends now. */
export interface SampledSpan {
  /** In words, after "the last". */
  readonly words: string;
  readonly ms: number;
  /** Between two samples, ms. */
  readonly sampleMs: number;
  /** What the newest sample is of. */
  readonly newest: string;
}

/** Between two samples of the last hour, ms. */
export const SAMPLE_MS = 10_000;
/** Between two samples of the last day, ms. */
export const DAY_SAMPLE_MS = 300_000;

/** By the name in an address. */
export const SAMPLED: Readonly<Record<Span, SampledSpan>> = {
  "10min": { ...SPANS["10min"], sampleMs: SAMPLE_MS, newest: "now" },
  hour: { ...SPANS.hour, sampleMs: SAMPLE_MS, newest: "now" },
  day: { ...SPANS.day, sampleMs: DAY_SAMPLE_MS, newest: "most of 5 min" },
};

/** The part of an address; what does not fit counts as an hour. */
export const spanSchema = z.enum(Object.keys(SAMPLED) as [Span, ...Span[]]).catch("hour");
