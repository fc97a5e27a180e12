/**
 * The elector as a state machine: a pure function of a state, an event and three clock readings. The
 * loop in `elector.ts` only carries out the effect that comes with each new state and hands its
 * outcome back as the next event.
 *
 * ```
 *                      absent or stale              elected
 *   follower ───────────────────────▶ candidate ──────────────▶ leader
 *    ▲  ▲ │ held, unreachable            │ outrun, unreachable     │ conflict · not refreshed in time ·
 *    │  │ └── wait, read again           │                         │ clock stepped · unpublished ·
 *    │  └────────────────────────────────┘                         │ step-down · stop
 *    └────────────────────────── ending ◀──────────────────────────┘
 *                  clear, then end ──▶ stopping, when it was to stop
 * ```
 *
 * | state | event | effect | next state |
 * | --- | --- | --- | --- |
 * | follower | (start) | clear | follower |
 * | follower | cleared | read | follower |
 * | follower | observed: held, or to wait first | wait | follower |
 * | follower | observed: absent or stale | stand | candidate |
 * | follower, candidate | unreachable | wait | follower |
 * | candidate | elected, in time | publish | leader |
 * | candidate | elected, too late | clear | ending |
 * | candidate | outrun | read | follower |
 * | follower | woken, before nobody is published | clear | follower |
 * | follower | woken | read | follower |
 * | leader | published, woken: the refresh is not due | wait | leader |
 * | leader | published, woken: it is due | refresh | leader |
 * | leader | unreachable | wait | leader |
 * | leader | refreshed, in time | publish | leader |
 * | leader | conflict, unpublished, step-down, stop; time run out, clock stepped | clear | ending |
 * | ending | cleared | end | ending |
 * | ending | ended | read | follower |
 * | ending, to stop | ended | finish | stopping |
 * | ending | stop | as before | ending, to stop |
 * | follower, candidate | stop | finish | stopping |
 * | any | superseded | finish | stopping |
 *
 * **What somebody believes.** Roles of this node may believe in a term that was published, until "nobody"
 * is published or its time has run out by the machine's uptime, which no step of a clock moves. Each `cleared`
 * says until when they may. Until then the key is neither given up (`end` without `release`) nor deleted, and
 * this node does not stand: so no other node can win before.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { judgeKey, type ObservedKey } from "./key.ts";
import type { Overdue, TermEnd } from "./reasons.ts";
import {
  type Effect,
  type Ending,
  type Event,
  type Follower,
  type Leader,
  type Leadership,
  NEVER_SEEN,
  type Reading,
  type Seen,
  type Settings,
  type State,
  type Step,
} from "./states.ts";

/** How long a follower or leader waits at most before it looks again. */
export const TURN_MS = 1000;
const RETRY_MS = 500;
/** Without jitter, as this function is pure: each node fails at its own times. */
const BACKOFF: Backoff = { firstMs: 100, maxMs: 2000, jitter: "none" };
/** A node that could not publish its term leaves the next one to others for so long. */
const UNPUBLISHED_MS = 10_000;
const STILL_BELIEVED = "it cannot be published that this node does not lead, and what was " +
  "published before has not run out: this node does not stand; look at the disk of its state directory";
/** A wall clock that moved this much against the monotonic one has been stepped. */
const CLOCK_STEP_MS = 1000;
const START_FOLLOWER: Follower = {
  name: "follower",
  seen: NEVER_SEEN,
  failures: 0,
  notBefore: -Infinity,
  believedUntil: Infinity,
};

/** Where every elector starts: what an earlier manager has published is cleared first. */
export const START: Step = { state: START_FOLLOWER, effect: { do: "clear" } };

/** The next state and effect. */
export function advance(state: State, event: Event, at: Reading, settings: Settings): Step {
  if (state.name === "stopping" || event.type === "superseded") return FINISH;
  switch (state.name) {
    case "leader":
      return advanceLeader(state, event, at, settings);
    case "ending":
      return advanceEnding(state, event, at, settings);
    default:
      return advanceFollower(state, event, at, settings);
  }
}

const FINISH: Step = { state: { name: "stopping" }, effect: { do: "finish" } };

function advanceFollower(state: Follower, event: Event, at: Reading, settings: Settings): Step {
  switch (event.type) {
    case "stop":
      return FINISH;
    case "observed":
      return follow(state, event, at, settings);
    case "elected":
      return lead(event.leadership, at, settings);
    case "cleared": {
      const believedUntil = believed(event.believedUntil, state.believedUntil, at, settings);
      return { state: { ...state, name: "follower", believedUntil }, effect: { do: "read" } };
    }
    case "unreachable": {
      const ms = backoffMs(BACKOFF, state.failures);
      return {
        state: { ...state, name: "follower", failures: state.failures + 1 },
        effect: { do: "wait", ms, leader: null, problem: event.problem },
      };
    }
    default: {
      const effect: Effect = { do: state.believedUntil > -Infinity ? "clear" : "read" };
      return { state: { ...state, name: "follower" }, effect };
    }
  }
}

/**
 * Until when a role may believe to lead, uptime s. When that is not known, now or from before, it counts as a
 * term that has been published just now.
 */
function believed(told: number | null, before: number, at: Reading, { ttlMs }: Settings): number {
  if (told !== null) return told;
  return before === Infinity ? at.uptime + Math.ceil(ttlMs / 1000) + 1 : before;
}

/** What a look at the key leads to. */
function follow(
  state: Follower,
  { key, granted, predecessor }: Event & { type: "observed" },
  at: Reading,
  settings: Settings,
): Step {
  const seen = see(state.seen, key, at);
  const next: Follower = { ...state, name: "follower", seen, failures: 0 };
  const wait = (ms: number, problem: string | null): Step => ({
    state: next,
    effect: { do: "wait", ms: Math.min(TURN_MS, ms), leader: key, problem },
  });
  const { refreshed } = seen;
  const unchangedMs = at.monotonic - seen.since;
  const situation = { ...settings, observed: key, granted, predecessor, refreshed, unchangedMs };
  const judged = judgeKey(situation);
  if (judged.is === "held") return wait(TURN_MS, judged.problem);
  if (state.believedUntil > at.uptime) return wait(TURN_MS, STILL_BELIEVED);
  const pausedMs = state.notBefore - at.monotonic;
  if (pausedMs > 0) return wait(pausedMs, null);
  const stale = judged.is === "stale"
    ? { value: key!.value, modRevision: key!.modRevision, reason: judged.reason }
    : null;
  return { state: { ...next, name: "candidate" }, effect: { do: "stand", stale } };
}

function see(seen: Seen, key: ObservedKey | null, at: Reading): Seen {
  const { createRevision, modRevision } = key ?? NEVER_SEEN;
  if (modRevision === seen.modRevision) return seen;
  const refreshed = createRevision === seen.createRevision;
  return { createRevision, modRevision, since: at.monotonic, refreshed };
}

function advanceLeader(state: Leader, event: Event, at: Reading, settings: Settings): Step {
  const { leadership } = state;
  switch (event.type) {
    case "stop":
      return resign(leadership, { why: "stopped" }, -Infinity, true);
    case "refreshed":
      return lead({ ...leadership, sent: event.sent }, at, settings);
    case "conflict":
      return resign(leadership, { why: "key-lost" }, -Infinity);
    case "unpublished": {
      const { problem } = event;
      return resign(leadership, { why: "unpublished", problem }, at.monotonic + UNPUBLISHED_MS);
    }
    case "step-down": {
      const { by, pauseMs } = event;
      return resign(leadership, { why: "step-down", by }, at.monotonic + pauseMs);
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
  if (over) return resign(leadership, { ...over, problem }, -Infinity);
  const left = leftMs(leadership, at, settings);
  if (state.nextRefresh <= at.monotonic) {
    return { state, effect: { do: "refresh", leadership, deadlineMs: left } };
  }
  const ms = Math.min(TURN_MS, state.nextRefresh - at.monotonic, left);
  return { state, effect: { do: "wait", ms, leader: null, problem } };
}

/** The term is over: first nobody of this node is to believe in it. */
function resign(leadership: Leadership, end: TermEnd, notBefore: number, toStop = false): Step {
  return {
    state: { name: "ending", leadership, end, notBefore, believedUntil: null, toStop },
    effect: { do: "clear" },
  };
}

function advanceEnding(state: Ending, event: Event, at: Reading, settings: Settings): Step {
  switch (event.type) {
    case "stop":
      return goOn({ ...state, toStop: true }, at);
    case "cleared": {
      const believedUntil = believed(event.believedUntil, Infinity, at, settings);
      return goOn({ ...state, believedUntil }, at);
    }
    case "ended": {
      if (state.toStop) return FINISH;
      const { notBefore, believedUntil } = state;
      return {
        state: { ...START_FOLLOWER, notBefore, believedUntil: believedUntil ?? Infinity },
        effect: { do: "read" },
      };
    }
    default:
      return goOn(state, at);
  }
}

/** What is left to do for the end of a term. */
function goOn(state: Ending, at: Reading): Step {
  const { leadership, end, believedUntil } = state;
  if (believedUntil === null) return { state, effect: { do: "clear" } };
  const release = believedUntil <= at.uptime;
  return { state, effect: { do: "end", leadership, end, release } };
}

/** How long the term is still valid by the monotonic clock, ms. */
function leftMs({ sent }: Leadership, at: Reading, { ttlMs, marginMs }: Settings): number {
  return sent.monotonic + ttlMs - marginMs - at.monotonic;
}

/** Why the clocks end the term; null: it goes on. */
function whyOver(leadership: Leadership, at: Reading, settings: Settings): Overdue | null {
  if (leftMs(leadership, at, settings) <= 0) return { why: "expired", problem: null };
  const wallMs = at.wall - leadership.sent.wall;
  const stepMs = wallMs - (at.monotonic - leadership.sent.monotonic);
  if (Math.abs(stepMs) <= CLOCK_STEP_MS) return null;
  return { why: "clock-stepped", byMs: stepMs, problem: null };
}
