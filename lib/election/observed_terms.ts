/**
 * Terms as any node sees them at the election key: who held it from when to when, also those of drivers that
 * keep no history of their own, and of nodes that could not end theirs. Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { RawElectionKey, TermRecord } from "../state/records.ts";
import { parseElectionValue } from "./key.ts";

/** A term that its own node has not written for so long is another driver's, ms. */
export const OWN_ACCOUNT_MS = 3000;
/** Between two looks the key counts as watched; ms. */
const WATCHED_MS = 25_000;
/** The end of a lease is written again when it has moved by this, ms. */
const UNTIL_STEP_MS = 5000;
const MAX_NAME = 63;

/** What to write. */
export interface Observation {
  readonly does: "begin" | "extend" | "end";
  readonly record: TermRecord;
}

/** Looks at the key again and again. */
export class TermObservations {
  /** The key's term at the last look, since when it is known here, and when that look was. */
  #seen: { readonly term: string | null; readonly since: number; readonly at: number } | null =
    null;

  /** Whether a term is seen that has no record yet, so that it has to be looked at again soon. */
  isPending = false;

  /** What the key, as it is now, says of the terms that are recorded. */
  look(key: RawElectionKey | null, terms: readonly TermRecord[], now: number): Observation[] {
    const term = key?.createRevision ?? null;
    const before = this.#seen;
    const since = before?.term === term ? before.since : now;
    this.#seen = { term, since, at: now };
    this.isPending = false;
    const found: Observation[] = [];
    const own = terms.find((record) => record.term === term);
    if (key && !own) {
      this.isPending = now - since < OWN_ACCOUNT_MS;
      if (!this.isPending) found.push({ does: "begin", record: observed(key, since, now) });
    } else if (own && own.end === null) {
      const until = untilOf(key!, now);
      if (until !== undefined && until - (own.until ?? 0) > UNTIL_STEP_MS) {
        found.push({ does: "extend", record: { ...own, until } });
      }
    }
    for (const record of terms) {
      if (record.end !== null || record.term === term) continue;
      if (term !== null && BigInt(record.term) > BigInt(term)) continue;
      const watched = before?.term === record.term && now - before.at <= WATCHED_MS;
      found.push({ does: "end", record: ended(record, now, watched) });
    }
    return found;
  }

  /** The end of a term that the node of another one finds open when it begins, at `now`. */
  endOf(record: TermRecord, now: number): number {
    const watched = this.#seen?.term === record.term && now - this.#seen.at <= WATCHED_MS;
    return endAt(record, now, watched);
  }
}

function observed(key: RawElectionKey, since: number, now: number): TermRecord {
  const name = clip(parseElectionValue(key.value)?.name ?? key.value, MAX_NAME);
  const until = untilOf(key, now);
  return {
    term: key.createRevision,
    node: `${name} (another driver)`,
    id: key.value,
    start: since,
    end: null,
    reason: null,
    ...(until === undefined ? {} : { until }),
  };
}

/** When the key's lease ends unless it is extended; ms since the epoch. */
function untilOf({ leaseLeftSeconds }: RawElectionKey, now: number): number | undefined {
  return leaseLeftSeconds === null ? undefined : now + leaseLeftSeconds * 1000;
}

function ended(record: TermRecord, now: number, watched: boolean): TermRecord {
  const end = endAt(record, now, watched);
  const reason = end < now
    ? "its lease ended at the latest then; nobody saw how"
    : "the election key was given up, or its lease ended";
  return { ...record, end, reason };
}

/** Etcd removes the key when the lease ends: who watched has seen it, else the lease that was seen last counts. */
function endAt({ start, until }: TermRecord, now: number, watched: boolean): number {
  if (watched || until === undefined) return now;
  return Math.max(start, Math.min(now, until));
}
