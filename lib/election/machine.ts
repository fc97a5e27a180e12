/**
 * The elector as a state machine: a pure function of a state, an event and three clock readings. The
 * loop in `elector.ts` only carries out the effect that comes with each new state and hands its
 * outcome back as the next event.
 *
 * ```
 *               key absent or stale              created
 *   follower ────────────────────────▶ candidate ─────────────▶ leader
 *    ▲  ▲ │ held, unreachable             │ another was first,     │ key lost · lease not refreshed in time
 *    │  │ └── wait, read again            │ etcd unreachable       │ · clock stepped · step-down
 *    │  └─────────────────────────────────┘                        │
 *    └─────────────────── publish nobody, delete the key ──────────┘
 *
 *   any state ── stop ──▶ stopping: publish nobody, delete the key, revoke the lease
 * ```
 *
 * @module
 */
import { judgeKey, type ObservedKey } from "./key.ts";

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
interface Seen {
  readonly modRevision: string;
  readonly since: number;
}

interface Follower {
  readonly name: "follower" | "candidate";
  readonly seen: Seen;
  readonly failures: number;
  /** Does not stand before that, monotonic ms. */
  readonly notBefore: number;
}

interface Leader {
  readonly name: "leader";
  readonly leadership: Leadership;
  /** Monotonic ms. */
  readonly nextRefresh: number;
  readonly problem: string | null;
}

/** Where the elector is. */
export type State = Follower | Leader | { readonly name: "stopping" };

/** What happened. */
export type Event =
  /** Time has passed, or the key may have changed. */
  | { readonly type: "woken" }
  | {
    readonly type: "observed";
    readonly key: ObservedKey | null;
    readonly pidAlive: boolean;
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
  /** The key or the lease is gone. */
  | { readonly type: "refused" }
  /** etcd did not answer in time. */
  | { readonly type: "unreachable"; readonly problem: string }
  /** Nobody is published and the key is given up, as far as etcd could be reached. */
  | { readonly type: "released" }
  | { readonly type: "step-down"; readonly by: string; readonly pauseMs: number }
  | { readonly type: "stop" };

/** The one thing to do next; its outcome is the next event. */
export type Effect =
  | { readonly do: "read" }
  | { readonly do: "stand"; readonly stale: { value: string; reason: string } | null }
  | { readonly do: "publish"; readonly leadership: Leadership; readonly validMs: number }
  | { readonly do: "refresh"; readonly leadership: Leadership; readonly deadlineMs: number }
  /** Publishes nobody, then gives the key up. */
  | { readonly do: "end"; readonly leadership: Leadership; readonly reason: string }
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

/** How long a follower or leader waits at most before it looks again. */
export const TURN_MS = 1000;
const RETRY_MS = 500;
const MAX_BACKOFF_MS = 2000;
/** A node that could not publish its term leaves the next one to others for so long. */
const UNPUBLISHED_MS = 10_000;
/** A wall clock that moved this much against the monotonic one has been stepped. */
const CLOCK_STEP_MS = 1000;
const NEVER_SEEN: Seen = { modRevision: "", since: 0 };

/** Where every elector starts. */
export const START: Step = {
  state: { name: "follower", seen: NEVER_SEEN, failures: 0, notBefore: -Infinity },
  effect: { do: "read" },
};

/** The next state and effect. */
export function advance(state: State, event: Event, at: Reading, settings: Settings): Step {
  if (state.name === "stopping") return { state, effect: { do: "finish" } };
  if (event.type === "stop") {
    return state.name === "leader"
      ? { state: { name: "stopping" }, effect: end(state.leadership, "stopped in order") }
      : { state: { name: "stopping" }, effect: { do: "finish" } };
  }
  return state.name === "leader"
    ? advanceLeader(state, event, at, settings)
    : advanceFollower(state, event, at, settings);
}

function advanceFollower(state: Follower, event: Event, at: Reading, settings: Settings): Step {
  switch (event.type) {
    case "observed":
      return follow(state, event, at, settings);
    case "elected":
      return lead(event.leadership, at, settings);
    case "unreachable": {
      const ms = Math.min(MAX_BACKOFF_MS, 100 * 2 ** state.failures);
      return {
        state: { ...state, name: "follower", failures: state.failures + 1 },
        effect: { do: "wait", ms, leader: null, problem: event.problem },
      };
    }
    default:
      return { state: { ...state, name: "follower" }, effect: { do: "read" } };
  }
}

/** What a look at the key leads to. */
function follow(
  state: Follower,
  { key, pidAlive, predecessor }: Event & { type: "observed" },
  at: Reading,
  settings: Settings,
): Step {
  const modRevision = key?.modRevision ?? "";
  const seen = modRevision === state.seen.modRevision
    ? state.seen
    : { modRevision, since: at.monotonic };
  const next: Follower = { ...state, name: "follower", seen, failures: 0 };
  const unchangedMs = at.monotonic - seen.since;
  const judged = judgeKey({ ...settings, observed: key, pidAlive, predecessor, unchangedMs });
  if (judged.is === "held") {
    return {
      state: next,
      effect: { do: "wait", ms: TURN_MS, leader: key, problem: judged.problem },
    };
  }
  const pausedMs = state.notBefore - at.monotonic;
  if (pausedMs > 0) {
    const ms = Math.min(TURN_MS, pausedMs);
    return { state: next, effect: { do: "wait", ms, leader: key, problem: null } };
  }
  const stale = judged.is === "stale" ? { value: key!.value, reason: judged.reason } : null;
  return { state: { ...next, name: "candidate" }, effect: { do: "stand", stale } };
}

function advanceLeader(state: Leader, event: Event, at: Reading, settings: Settings): Step {
  const { leadership } = state;
  switch (event.type) {
    case "refreshed":
      return lead({ ...leadership, sent: event.sent }, at, settings);
    case "refused":
      return resign(leadership, "the election key is another's", -Infinity);
    case "unpublished":
      return resign(leadership, event.problem, at.monotonic + UNPUBLISHED_MS);
    case "step-down": {
      const reason = `stepped down, asked by ${event.by}`;
      return resign(leadership, reason, at.monotonic + event.pauseMs);
    }
    case "unreachable":
      return hold(
        { ...state, problem: event.problem, nextRefresh: at.monotonic + RETRY_MS },
        at,
        settings,
      );
    default:
      return hold(state, at, settings);
  }
}

/** A grant or a refresh has come: publish, unless it took too long. */
function lead(leadership: Leadership, at: Reading, settings: Settings): Step {
  const nextRefresh = leadership.sent.monotonic + settings.refreshMs;
  const state: Leader = { name: "leader", leadership, nextRefresh, problem: null };
  const over = whyOver(leadership, at, settings);
  if (over) return resign(leadership, over, -Infinity);
  return {
    state,
    effect: { do: "publish", leadership, validMs: settings.ttlMs - settings.marginMs },
  };
}

/** Refresh when it is time, else wait. */
function hold(state: Leader, at: Reading, settings: Settings): Step {
  const { leadership, problem } = state;
  const over = whyOver(leadership, at, settings);
  if (over) return resign(leadership, problem ? `${over}; ${problem}` : over, -Infinity);
  const left = leftMs(leadership, at, settings);
  if (state.nextRefresh <= at.monotonic) {
    return { state, effect: { do: "refresh", leadership, deadlineMs: left } };
  }
  const ms = Math.min(TURN_MS, state.nextRefresh - at.monotonic, left);
  return { state, effect: { do: "wait", ms, leader: null, problem } };
}

function resign(leadership: Leadership, reason: string, notBefore: number): Step {
  return {
    state: { name: "follower", seen: NEVER_SEEN, failures: 0, notBefore },
    effect: end(leadership, reason),
  };
}

function end(leadership: Leadership, reason: string): Effect {
  return { do: "end", leadership, reason };
}

/** How long the term is still valid by the monotonic clock, ms. */
function leftMs({ sent }: Leadership, at: Reading, { ttlMs, marginMs }: Settings): number {
  return sent.monotonic + ttlMs - marginMs - at.monotonic;
}

function whyOver(leadership: Leadership, at: Reading, settings: Settings): string | null {
  if (leftMs(leadership, at, settings) <= 0) return "not refreshed before the end of the lease";
  const wallMs = at.wall - leadership.sent.wall;
  const stepMs = wallMs - (at.monotonic - leadership.sent.monotonic);
  if (Math.abs(stepMs) > CLOCK_STEP_MS) {
    return `the clock was stepped by ${Math.round(stepMs)} ms`;
  }
  return null;
}
