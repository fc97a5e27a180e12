/**
 * When etcd is compacted, and how far (data model, "Compaction"): at least the last `minRevisions` and
 * everything of the last period stay. Pure.
 *
 * @module
 */

/** What a check finds; revisions are those of etcd. */
export interface Findings {
  /** The trigger's lease: its granted TTL in s (null: no lease), or no trigger. */
  readonly trigger: { readonly ttlSeconds: number | null } | null;
  /** The `last` key; value null when it is no decimal number. */
  readonly last: { readonly value: bigint | null; readonly modRevision: bigint } | null;
  /** etcd's current revision. */
  readonly current: bigint;
}

/** Why etcd is not compacted, and in words. */
const REASONS = {
  "not due": "the next check is not due",
  "trigger without lease": "the trigger had no lease: started afresh",
  "lease too long": "the trigger's lease was longer than the period: started afresh",
  "first check": "first check",
  "no number": "the last revision was no number: started afresh",
  "restored": "etcd was restored from an older backup: started afresh",
  "too little history": "there is not enough history",
  "nothing new": "there is nothing new to compact",
  "full": "etcd is full, so that no further revision can be noted",
  "noted late": "an earlier compaction is noted, which it could not be before",
} as const;
/** Why a check leads to no compaction. */
export type Reason = keyof typeof REASONS;

/** What follows; `last` is the value to write with a new trigger. */
export type Decision =
  | { readonly do: "nothing"; readonly why: Reason }
  | { readonly do: "record"; readonly last: bigint; readonly why: Reason }
  | { readonly do: "compact"; readonly at: bigint; readonly last: bigint };

/** What a check has led to; `leave`: somebody else compacts etcd. */
export type CheckOutcome = Decision | { readonly do: "leave" };

/** For people. */
export function describeOutcome(outcome: CheckOutcome): string {
  if (outcome.do === "leave") return "another service compacts etcd";
  if (outcome.do === "compact") return `compacted at revision ${outcome.at}`;
  return REASONS[outcome.why];
}

/** The rules of the data model, in their order. */
export function decideCompaction(
  { trigger, last, current }: Findings,
  settings: { readonly periodSeconds: number; readonly minRevisions: number },
): Decision {
  const record = (value: bigint, why: Reason): Decision => ({ do: "record", last: value, why });
  if (trigger) {
    const { ttlSeconds } = trigger;
    if (ttlSeconds === null) return record(0n, "trigger without lease");
    if (ttlSeconds > settings.periodSeconds) {
      return record(0n, "lease too long");
    }
    return { do: "nothing", why: "not due" };
  }
  if (!last) return record(0n, "first check");
  if (last.value === null) return record(0n, "no number");
  if (last.value > current) {
    return record(0n, "restored");
  }
  const min = BigInt(settings.minRevisions);
  if (current <= min) return record(last.value, "too little history");
  const sinceLastCheck = current - last.modRevision;
  const at = current - (min > sinceLastCheck ? min : sinceLastCheck);
  if (at <= last.value) return record(last.value, "nothing new");
  return { do: "compact", at, last: at };
}
