/** What the election's state machine speaks of: states, events, effects. See `machine.ts`. @module */
import type { ObservedKey } from "./key.ts";
import type { StaleReason, TermEnd } from "./reasons.ts";

/** The clocks at one instant; see `Clock`. */
export interface Reading {
  /** ms since the epoch */
  readonly wall: number;
  /** ms */
  readonly monotonic: number;
  /** s */
  readonly uptime: number;
}

/** What does not change while the elector runs. Times in ms. */
export interface Settings {
  readonly name: string;
  readonly pid: number;
  readonly key: string;
  readonly ttlMs: number;
  readonly refreshMs: number;
  /** Mastership ends so long before the lease. */
  readonly marginMs: number;
  readonly respectUnleased: boolean;
}

/** A term that this node holds. */
export interface Leadership {
  readonly lease: string;
  /** Create revision of the key, decimal. */
  readonly term: string;
  /** Start, ms since the epoch. */
  readonly since: number;
  /** The clocks from before the last successful grant or keep-alive was sent. */
  readonly sent: Reading;
}

/** The newest state of the key and when it was first seen so, monotonic ms. */
export interface Seen {
  readonly createRevision: string;
  readonly modRevision: string;
  readonly since: number;
  /** Whether it was seen to be rewritten since it was created. */
  readonly refreshed: boolean;
}

/** No key was seen yet. */
export const NEVER_SEEN: Seen = {
  createRevision: "",
  modRevision: "",
  since: 0,
  refreshed: false,
};

/** Waits for the key to be free; as a candidate, tries to create it. */
export interface Follower {
  readonly name: "follower" | "candidate";
  readonly seen: Seen;
  readonly failures: number;
  /** Does not stand before that, monotonic ms. */
  readonly notBefore: number;
  /**
   * Before that reading of the uptime, s, a role of this node may believe to lead. -Infinity: "nobody" is
   * published; Infinity: not known yet.
   */
  readonly believedUntil: number;
}

/** Holds the key. */
export interface Leader {
  readonly name: "leader";
  readonly leadership: Leadership;
  /** Monotonic ms. */
  readonly nextRefresh: number;
  readonly problem: string | null;
}

/** A term that is over, until nobody believes in it and the key is given up, or left to its lease. */
export interface Ending {
  readonly name: "ending";
  readonly leadership: Leadership;
  readonly end: TermEnd;
  /** Does not stand again before that, monotonic ms. */
  readonly notBefore: number;
  /** Null until it is known; as of a {@linkcode Follower}. */
  readonly believedUntil: number | null;
  readonly toStop: boolean;
}

/** Where the elector is. */
export type State = Follower | Leader | Ending | { readonly name: "stopping" };

/** What happened. */
export type Event =
  /** Time has passed, or the key may have changed. */
  | { readonly type: "woken" }
  | {
    readonly type: "observed";
    readonly key: ObservedKey | null;
    /** See `Situation` in `key.ts`. */
    readonly granted: boolean;
    readonly predecessor: boolean;
  }
  | { readonly type: "elected"; readonly leadership: Leadership }
  /** Another candidate was first. */
  | { readonly type: "outrun" }
  /** The term was published. */
  | { readonly type: "published" }
  /** It could not be published, so no role of this node works for it. */
  | { readonly type: "unpublished"; readonly problem: string }
  | { readonly type: "refreshed"; readonly sent: Reading }
  /** The key is no longer as this term has left it, or its lease is gone. */
  | { readonly type: "conflict" }
  /** etcd did not answer in time. */
  | { readonly type: "unreachable"; readonly problem: string }
  /**
   * "Nobody" was published (-Infinity), or could not be: from that reading of the uptime on, s, no role of
   * this node believes to lead. Null: what an earlier manager has published cannot be read.
   */
  | { readonly type: "cleared"; readonly believedUntil: number | null }
  /** The key is given up, as far as etcd could be reached, or left to its lease. */
  | { readonly type: "ended" }
  /** Another manager of this node has taken over: what is published is its business. */
  | { readonly type: "superseded" }
  | { readonly type: "step-down"; readonly by: string; readonly pauseMs: number }
  | { readonly type: "stop" };

/** A key that is not held, as it was judged. */
export interface StaleKey {
  readonly value: string;
  readonly modRevision: string;
  readonly reason: StaleReason;
}

/** The one thing to do next; its outcome is the next event. */
export type Effect =
  | { readonly do: "read" }
  /** Publishes nobody. */
  | { readonly do: "clear" }
  /** Creates the key; a stale one is deleted if it is still as it was. */
  | { readonly do: "stand"; readonly stale: StaleKey | null }
  | { readonly do: "publish"; readonly leadership: Leadership; readonly validMs: number }
  | { readonly do: "refresh"; readonly leadership: Leadership; readonly deadlineMs: number }
  /** Says that the term is over, and gives the key up; without `release`, it is left to its lease. */
  | {
    readonly do: "end";
    readonly leadership: Leadership;
    readonly end: TermEnd;
    readonly release: boolean;
  }
  | {
    readonly do: "wait";
    readonly ms: number;
    readonly leader: ObservedKey | null;
    readonly problem: string | null;
  }
  | { readonly do: "finish" };

/** A state and what to do in it. */
export interface Step {
  readonly state: State;
  readonly effect: Effect;
}
