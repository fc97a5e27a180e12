/**
 * Terms as any node sees them at the election key: who held it from when to when, also those of drivers that
 * keep no history of their own, and of nodes that could not end theirs. Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { RawElectionKey, TermRecord } from "../state/records.ts";
import { parseElectionValue } from "./key.ts";
import { WATCHED_MS } from "./sightings.ts";

/** What follows the name in a term that its own node has not written. */
const ANOTHER_DRIVER = " (another driver)";
/** A term that its own node has not written for so long is another driver's, ms. */
export const OWN_ACCOUNT_MS = 3000;
/** The end of a lease is written again when it has moved by this, ms. */
const UNTIL_STEP_MS = 5000;
const MAX_NAME = 63;

/** What to write. */
export interface Observation {
  readonly does: "begin" | "extend" | "end" | "gone";
  readonly record: TermRecord;
}

/** Looks at the key again and again. */
export class TermObservations {
  /** The key's term at the last look, since when it is known here, and when that look was. */
  #seen: { readonly term: string | null; readonly since: number; readonly at: number } | null =
    null;

  /** Whether a term is seen that has no record yet, so that it has to be looked at again soon. */
  isPending = false;

  /** @param node name of the node that looks */
  constructor(readonly node: string) {}

  /** What the key, as it is now, says of the terms that are recorded. @param revision etcd's at that time */
  look(
    key: RawElectionKey | null,
    terms: readonly TermRecord[],
    now: number,
    revision?: string,
  ): Observation[] {
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
      if (record.term === term || record.keyGone) continue;
      if (term !== null && BigInt(record.term) > BigInt(term)) continue;
      const watched = before?.term === record.term && now - before.at <= WATCHED_MS;
      if (record.end === null) {
        const end = this.#ended(record, now, watched, revision);
        found.push({ does: "end", record: { ...end, reason: reasonOf(end, now) } });
      } else if (watched && record.endBy === "leader") {
        const { keyGone } = this.#ended(record, now, watched, revision);
        found.push({ does: "gone", record: { ...record, keyGone } });
      }
    }
    return found;
  }

  /** A term that the node of another one finds open when that one begins, at `now`, with its end. */
  endedBy(record: TermRecord, now: number): TermRecord {
    const watched = this.#seen?.term === record.term && now - this.#seen.at <= WATCHED_MS;
    return this.#ended(record, now, watched);
  }

  /** Etcd removes the key when the lease ends: who watched has seen it, else the lease that was seen last counts. */
  #ended(record: TermRecord, now: number, watched: boolean, revision?: string): TermRecord {
    const { start, until } = record;
    const known = watched || until === undefined;
    const end = known ? now : Math.max(start, Math.min(now, until));
    const how = watched ? "seen" : "lease";
    const keyGone = { at: end, by: this.node, how, ...revision && { revision } } as const;
    return {
      ...record,
      end,
      endBy: "observer",
      // Nobody watched, and no lease is known: only that it is over.
      ...watched || until !== undefined ? { keyGone } : {},
    };
  }
}

/** Whether the record was written by who saw the key, and not by the node that leads. */
export function isObserved({ node }: TermRecord): boolean {
  return node.endsWith(ANOTHER_DRIVER);
}

function observed(key: RawElectionKey, since: number, now: number): TermRecord {
  const name = clip(parseElectionValue(key.value)?.name ?? key.value, MAX_NAME);
  const until = untilOf(key, now);
  return {
    term: key.createRevision,
    node: name + ANOTHER_DRIVER,
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

function reasonOf({ end }: TermRecord, now: number): string {
  return end! < now
    ? "its lease, as it was seen last, ended then; nobody saw how"
    : "the election key was given up, or its lease ended";
}
