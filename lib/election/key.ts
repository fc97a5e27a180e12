/**
 * The election key (data model, "The election value"): what it says and whether it is stale. Pure.
 *
 * @module
 */

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
  | { readonly is: "stale"; readonly reason: string };

/** Everything that the judgement rests on. */
export interface Situation {
  readonly observed: ObservedKey | null;
  /** This elector's name and process id. */
  readonly name: string;
  readonly pid: number;
  /** Whether a process of this machine has the id in the key's value. */
  readonly pidAlive: boolean;
  /** Whether an earlier elector of this node's state directory created the key, and so is gone. */
  readonly predecessor: boolean;
  /** How long the key has been seen without a change, ms. */
  readonly unchangedMs: number;
  readonly ttlMs: number;
  /** Never take a key without a lease over. */
  readonly respectUnleased: boolean;
  /** For the remedy in messages. */
  readonly key: string;
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
  if (holder.name === name) {
    if (holder.pid === pid) return stale("it is left of an attempt of this process");
    if (!situation.pidAlive) return stale(`process ${holder.pid} of this node no longer lives`);
    if (situation.predecessor) {
      return stale(`process ${holder.pid} is another program now: this node's manager is replaced`);
    }
  }
  return observed.lease === "0" ? unleased(situation, observed) : { is: "held", problem: null };
}

/** A key without a lease never expires: with nobody refreshing it, nobody would lead again. */
function unleased(situation: Situation, observed: ObservedKey): Judgement {
  const limitMs = 2 * situation.ttlMs;
  if (!situation.respectUnleased && situation.unchangedMs >= limitMs) {
    return stale(`it has no lease and did not change for ${limitMs / 1000} s`);
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

function stale(reason: string): Judgement {
  return { is: "stale", reason };
}
