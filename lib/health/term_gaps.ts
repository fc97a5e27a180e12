/**
 * When nobody led, and what is known of why: from the history of terms, the word of the nodes that led, and what this
 * node itself saw of the election key. Each node's times are by its own clock. Pure.
 *
 * @module
 */
import { z } from "zod";
import { keyGoneSchema, sightingSchema, termSchema } from "../state/records.ts";
import type { Cluster, Sighting, TermRecord } from "../state/records.ts";

/** A gap that is shorter is an election as it should be, ms. */
const MIN_GAP_MS = 1000;
const MAX_GAPS = 100;

/** What was read from etcd within this time is of now, ms: the manager reads it every 10 s. */
const FRESH_MS = 30_000;

const ms = z.number();

/** Something that is known of a gap. */
const gapFactSchema = z.discriminatedUnion("is", [
  z.object({
    /** The term before was over. */
    is: z.literal("ended"),
    at: ms,
    term: z.string(),
    node: z.string(),
    /** Whose word it is; null: an older version wrote it, and does not say. */
    by: termSchema.shape.endBy.unwrap().nullable(),
    reason: z.string().nullable(),
  }),
  keyGoneSchema.extend({ is: z.literal("key-gone"), term: z.string() }),
  /** What this node saw of the key. */
  sightingSchema.omit({ is: true }).extend({
    is: z.literal("seen"),
    what: sightingSchema.shape.is,
  }),
  z.object({ is: z.literal("elected"), at: ms, term: z.string(), node: z.string() }),
]);
export type GapFact = z.infer<typeof gapFactSchema>;

/** A time without a leader, longer than an election takes. */
export const gapSchema = z.object({
  /** ms since the epoch. */
  start: ms,
  /** null: it goes on. */
  end: ms.nullable(),
  /** What is known of it, in the order of time. */
  known: z.array(gapFactSchema),
});
export type Gap = z.infer<typeof gapSchema>;

/** Until when the history is known: now, or when it was read last; ms since the epoch. */
export function knownUntil({ at }: Pick<Cluster, "at">, now: number): number {
  return now - at <= FRESH_MS ? now : at;
}

/**
 * Times in which nobody led, newest first.
 *
 * @param seen what this node saw of the key
 * @param now until when the terms are known, ms since the epoch
 */
export function gapsBetween(
  terms: readonly TermRecord[],
  seen: readonly Sighting[],
  now: number,
): Gap[] {
  const sorted = terms.toSorted((a, b) => a.start - b.start);
  const gaps: Gap[] = [];
  let last: TermRecord | null = null;
  for (const next of [...sorted, null]) {
    const start = last?.end ?? null;
    const until = next?.start ?? now;
    // The first term follows nothing that is known; an open one is followed by no gap. A start that is still to come
    // is by a clock that is ahead of this one: that somebody leads is known, but not since when.
    if (last !== null && start !== null && until <= now && until - start >= MIN_GAP_MS) {
      const known = factsOf(last, next, seen, now);
      gaps.unshift({ start, end: next?.start ?? null, known });
    }
    if (next && (last === null || (next.end ?? now) >= (last.end ?? now))) last = next;
  }
  return gaps.slice(0, MAX_GAPS);
}

function factsOf(
  last: TermRecord,
  next: TermRecord | null,
  seen: readonly Sighting[],
  now: number,
): GapFact[] {
  const { term, node, reason, endBy, keyGone } = last;
  const [start, end] = [last.end!, next?.start ?? now];
  const facts: GapFact[] = [{ is: "ended", at: start, term, node, by: endBy ?? null, reason }];
  if (keyGone) facts.push({ ...keyGone, is: "key-gone", term });
  for (const { is: what, ...stretch } of seen) {
    const overlaps = stretch.from < end && stretch.to > start;
    const isNext = next !== null && stretch.term === next.term;
    if (overlaps && !isNext) facts.push({ ...stretch, is: "seen", what });
  }
  if (next) facts.push({ is: "elected", at: next.start, term: next.term, node: next.node });
  const timeOf = (fact: GapFact) => fact.is === "seen" ? fact.from : fact.at;
  return facts.toSorted((a, b) => timeOf(a) - timeOf(b));
}
