/**
 * What to do about the election key: a pure function of what was read and what time it is. The loop
 * in `elector.ts` only decides when to ask.
 *
 * ```
 *             key absent                created
 *  follower ─────────────▶ candidate ───────────▶ leader
 *     ▲  ▲                     │ another was first   │ key lost, or not refreshed before the
 *     │  └─────────────────────┘                     │ end of the lease by our own clock
 *     └──────────────────────────────────────────────┘
 *  any state ── stop ──▶ stopping: publish nobody, delete the key, revoke the lease
 * ```
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

/** What a follower does next. */
export type Step =
  | { readonly do: "stand" }
  | { readonly do: "wait"; readonly problem: string | null }
  | { readonly do: "delete"; readonly reason: string };

/** Everything that the decision rests on. */
export interface Situation {
  readonly observed: ObservedKey | null;
  /** This elector's name and process id. */
  readonly name: string;
  readonly pid: number;
  /** Whether a process of this machine with that id lives. */
  readonly pidAlive: (pid: number) => boolean;
  /** How long the key has been seen without a change, ms. */
  readonly unchangedMs: number;
  readonly ttlSeconds: number;
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

/** The follower's next step. */
export function nextStep(situation: Situation): Step {
  const { observed, name, pid, key } = situation;
  if (observed === null) return { do: "stand" };
  const holder = parseElectionValue(observed.value);
  if (holder === null) {
    return {
      do: "wait",
      problem:
        `the election key holds ${JSON.stringify(observed.value.slice(0, 80))}, which is no ` +
        `<name>:<pid>; nobody leads until it is gone: look who wrote ${key} and delete it`,
    };
  }
  if (holder.name === name && holder.pid === pid) {
    return { do: "delete", reason: "it is left of an attempt of this process" };
  }
  if (holder.name === name && !situation.pidAlive(holder.pid)) {
    return { do: "delete", reason: `process ${holder.pid} of this node no longer lives` };
  }
  if (observed.lease === "0") return unleased(situation, observed);
  return { do: "wait", problem: null };
}

/** A key without a lease never expires: with nobody refreshing it, nobody would lead again. */
function unleased(situation: Situation, observed: ObservedKey): Step {
  const limitMs = 2 * situation.ttlSeconds * 1000;
  if (situation.unchangedMs >= limitMs) {
    return { do: "delete", reason: `it has no lease and did not change for ${limitMs / 1000} s` };
  }
  return {
    do: "wait",
    problem:
      `the election key is held by ${observed.value} without a lease; it is taken over when ` +
      `it does not change for ${limitMs / 1000} s, or delete ${situation.key} by hand`,
  };
}
