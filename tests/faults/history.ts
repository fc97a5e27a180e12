/**
 * What the nodes of a fault run have done, and the checker that proves from it that the election did
 * not split. Pure.
 *
 * @module
 */

/** At that instant a process of the node had `isMaster()` true. */
export interface Claim {
  readonly node: string;
  readonly term: number;
  /** Real time, ms since the epoch, whatever the node's clock says. */
  readonly at: number;
}

/** A write that etcd took; the register's writes are ordered by their revision. */
export interface Write {
  readonly node: string;
  readonly term: number;
  readonly revision: number;
}

/** An end of faults: everything is whole again from `at` on. */
export interface Healed {
  readonly at: number;
  /** Until when nothing was disturbed. */
  readonly until: number;
}

/** All of a run. */
export interface History {
  readonly claims: readonly Claim[];
  readonly writes: readonly Write[];
  readonly healed: readonly Healed[];
}

/** Every violation, in words; empty when there is none. `recoveryMs` is how long nobody may lead. */
export function checkHistory(history: History, recoveryMs: number): string[] {
  return [
    ...checkTerms(history.claims),
    ...checkWrites(history.writes),
    ...checkRecovery(history, recoveryMs),
  ];
}

/** Terms never overlap: the last claim of each comes before the first of every later one. */
function checkTerms(claims: readonly Claim[]): string[] {
  const spans = new Map<number, { node: string; first: number; last: number }>();
  const found: string[] = [];
  for (const { term, node, at } of claims) {
    const span = spans.get(term);
    if (!span) spans.set(term, { node, first: at, last: at });
    else {
      if (span.node !== node) found.push(`term ${term} belongs to ${span.node} and to ${node}`);
      span.first = Math.min(span.first, at);
      span.last = Math.max(span.last, at);
    }
  }
  const ordered = [...spans].sort(([a], [b]) => a - b);
  let latest = { term: 0, node: "", last: -Infinity };
  for (const [term, { node, first, last }] of ordered) {
    if (first <= latest.last) {
      found.push(
        `term ${term} of ${node} began ${latest.last - first} ms before the end of ` +
          `term ${latest.term} of ${latest.node}`,
      );
    }
    if (last > latest.last) latest = { term, node, last };
  }
  return found;
}

/** No write of an older term follows one of a newer. */
function checkWrites(writes: readonly Write[]): string[] {
  const found: string[] = [];
  let newest = 0;
  for (const { node, term, revision } of [...writes].sort((a, b) => a.revision - b.revision)) {
    if (term < newest) {
      found.push(`${node} wrote in term ${term} at revision ${revision}, after term ${newest}`);
    }
    newest = Math.max(newest, term);
  }
  return found;
}

/** Somebody leads within `recoveryMs` of the end of the faults. */
function checkRecovery({ claims, healed }: History, recoveryMs: number): string[] {
  return healed.flatMap(({ at, until }) => {
    const first = claims.reduce(
      (least, claim) => claim.at >= at ? Math.min(least, claim.at) : least,
      Infinity,
    );
    const tookMs = Math.min(first, until) - at;
    if (first <= until && tookMs <= recoveryMs) return [];
    return [`nobody led within ${recoveryMs} ms of the end of the faults (${tookMs} ms)`];
  });
}
