/**
 * The election key (data model, "The election value"): what it says and whether it is stale. Pure.
 *
 * @module
 */
import type { ProcessPlace } from "../process/place.ts";
import type { OwnTerm } from "../state/records.ts";
import type { StaleReason } from "./reasons.ts";

/** The election key as read from etcd; revisions are decimal strings. */
export interface ObservedKey {
  readonly value: string;
  readonly createRevision: string;
  readonly modRevision: string;
  /** Lease id, `"0"` when the key has none. */
  readonly lease: string;
}

/** What a follower thinks of the key. */
export type Judgement =
  | { readonly is: "absent" }
  | { readonly is: "held"; readonly problem: string | null }
  | { readonly is: "stale"; readonly reason: StaleReason };

/** Everything that the judgement rests on. */
export interface Situation {
  readonly observed: ObservedKey | null;
  /** This elector's name and process id. */
  readonly name: string;
  readonly pid: number;
  /** Whether the key's lease is one that this process was granted. */
  readonly granted: boolean;
  /** Whether the state directory's own term says that a manager of it, gone by now, wrote the key. */
  readonly predecessor: boolean;
  /** Whether somebody was seen to rewrite the key since it was created. */
  readonly refreshed: boolean;
  /** How long the key has been seen without a change, ms. */
  readonly unchangedMs: number;
  readonly ttlMs: number;
  /** Never take a key without a lease over. */
  readonly respectUnleased: boolean;
  /** For the remedy in messages. */
  readonly key: string;
}

/**
 * Whether an own-term record proves that an earlier manager of this node wrote the key, in this boot and pid
 * namespace. A state directory that was copied to another machine, or has survived a restart of this one,
 * proves nothing.
 */
export function isOwnTerm(own: OwnTerm | null, key: ObservedKey, place: ProcessPlace): boolean {
  return own !== null && own.term === key.createRevision && own.value === key.value &&
    own.bootId === place.bootId && own.pidNamespace === place.pidNamespace;
}

/** The election value of an elector. */
export function electionValue(name: string, pid: number): string {
  return `${name}:${pid}`;
}

/** Name and pid in an election value, or null for a value of another shape. */
export function parseElectionValue(value: string): { name: string; pid: number } | null {
  const match = /^([^:\s]+):(\d{1,10})$/.exec(value);
  return match ? { name: match[1]!, pid: Number(match[2]) } : null;
}

/** Whether the key is held, and if not, why it may be removed. */
export function judgeKey(situation: Situation): Judgement {
  const { observed, name, pid, key } = situation;
  if (observed === null) return { is: "absent" };
  const holder = parseElectionValue(observed.value);
  if (holder === null) {
    return {
      is: "held",
      problem:
        `the election key holds ${JSON.stringify(observed.value.slice(0, 80))}, which is no ` +
        `<name>:<pid>; nobody leads until it is gone: look who wrote ${key} and delete it`,
    };
  }
  const own = observed.value === electionValue(name, pid);
  if (own && situation.granted) return { is: "stale", reason: { why: "own-attempt" } };
  if (situation.predecessor) {
    return { is: "stale", reason: { why: "predecessor", pid: holder.pid } };
  }
  if (observed.lease === "0") return unleased(situation, observed);
  return { is: "held", problem: holder.name === name ? namesake(situation, observed, own) : null };
}

/**
 * What is wrong with a key of this node's name whose process is not proven to be gone. A process id that cannot
 * be seen proves nothing: a container does not see those of its host, nor a host those of another.
 */
function namesake(
  { refreshed, ttlMs }: Situation,
  { value }: ObservedKey,
  own: boolean,
): string | null {
  const ends = `the lease ends by itself (ours would within ${ttlMs / 1000} s)`;
  const remedy = "give every node a name of its own with --elector-name";
  if (own) {
    return `the election key is held by ${value}, which is this node's own name and process id, under ` +
      `a lease that this process was not granted: if it is left of a process that is gone, ${ends}; ` +
      `if it stays, two electors have one name: ${remedy}`;
  }
  if (refreshed) return null; // somebody lives: another driver on this host, which may be as it should
  return `the election key is held by ${value}, of this node's own name, and nothing proves that this ` +
    `process is gone: if it is, ${ends}; if another node has this name, ${remedy}`;
}

/** A key without a lease never expires: with nobody refreshing it, nobody would lead again. */
function unleased(situation: Situation, observed: ObservedKey): Judgement {
  const limitMs = 2 * situation.ttlMs;
  if (!situation.respectUnleased && situation.unchangedMs >= limitMs) {
    return { is: "stale", reason: { why: "unleased", unchangedMs: limitMs } };
  }
  const remedy = situation.respectUnleased
    ? `nobody else leads until it is gone: delete ${situation.key} by hand`
    : `it is taken over when it does not change for ${limitMs / 1000} s, ` +
      `or delete ${situation.key} by hand`;
  return {
    is: "held",
    problem: `the election key is held by ${observed.value} without a lease; ${remedy}`,
  };
}
