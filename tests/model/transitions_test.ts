/**
 * The model and the elector are one table of transitions: (state, event, next state, next effect). The
 * model's are what it writes as `T(…)`; the elector's are found by driving `advance` through everything
 * that can happen after each of its effects, at all sorts of times.
 *
 * @module
 */
import { advance, START } from "../../lib/election/machine.ts";
import type { Effect, Event, Reading, Settings, State, Step } from "../../lib/election/states.ts";
import { assert, assertEquals } from "../support/assert.ts";

const SETTINGS: Settings = {
  name: "node-1",
  pid: 1,
  key: "/election",
  ttlMs: 15_000,
  refreshMs: 5_000,
  marginMs: 2_000,
  respectUnleased: false,
};
/** How much time passes until an event, ms. */
const DELAYS = [0, 5_000, 13_000, 40_000];
/** How far the walk goes from the start: the longest way to a state is a term that ends and is told to stop. */
const MAX_STEPS = 9;

const row = (state: State, event: Event, next: Step): string =>
  `${state.name} ${event.type} → ${next.state.name} ${next.effect.do}`;

const heldKey = { value: "node-2:1", createRevision: "7", modRevision: "8", lease: "9" };
const ownKey = { value: "node-1:1", createRevision: "7", modRevision: "8", lease: "9" };

/** All that can come of an effect; `at` is when it was begun. */
function eventsOf(effect: Effect, at: Reading): Event[] {
  const problem = "gone";
  switch (effect.do) {
    case "clear":
      return [
        { type: "cleared", believedUntil: -Infinity },
        { type: "cleared", believedUntil: at.uptime + 13 },
        { type: "cleared", believedUntil: null },
        { type: "superseded" },
      ];
    case "read":
      return [
        { type: "observed", key: null, granted: false, predecessor: false },
        { type: "observed", key: heldKey, granted: false, predecessor: false },
        { type: "observed", key: ownKey, granted: true, predecessor: false },
        { type: "unreachable", problem },
      ];
    case "stand":
      return [
        {
          type: "elected",
          leadership: { lease: "9", term: "7", since: at.wall, sent: at },
        },
        { type: "outrun" },
        { type: "unreachable", problem },
      ];
    case "publish":
      return [{ type: "published" }, { type: "unpublished", problem }, { type: "superseded" }];
    case "refresh":
      return [{ type: "refreshed", sent: at }, { type: "refused" }, {
        type: "unreachable",
        problem,
      }];
    case "end":
      return [{ type: "ended" }];
    case "wait":
      return [{ type: "woken" }, { type: "unreachable", problem }];
    case "finish":
      return [];
  }
}

function later({ wall, monotonic, uptime }: Reading, ms: number): Reading {
  return { wall: wall + ms, monotonic: monotonic + ms, uptime: uptime + Math.floor(ms / 1000) };
}

/** The elector's transitions. */
function walk(): Set<string> {
  const rows = new Set<string>();
  const zero = { wall: 1e12, monotonic: 0, uptime: 1000 };
  let front: { step: Step; at: Reading }[] = [{ step: START, at: zero }];
  const seen = new Set<string>();
  for (let steps = 0; steps < MAX_STEPS && front.length > 0; steps++) {
    const next: typeof front = [];
    for (const { step: { state, effect }, at } of front) {
      const stepDown: Event = { type: "step-down", by: "me", pauseMs: 9_000 };
      const asked = effect.do === "wait" && state.name === "leader" ? [stepDown] : [];
      const stop: Event[] = state.name === "stopping" ? [] : [{ type: "stop" }];
      for (const event of [...eventsOf(effect, at), ...asked, ...stop]) {
        for (const delayMs of DELAYS) {
          const now = later(at, delayMs);
          const made = advance(state, event, now, SETTINGS);
          rows.add(row(state, event, made));
          const key = JSON.stringify([made, now], (_, value) => value === -Infinity ? "-" : value);
          if (seen.has(key)) continue;
          seen.add(key);
          next.push({ step: made, at: now });
        }
      }
    }
    front = sample(next, 3000);
  }
  return rows;
}

/** At most so many, evenly. */
function sample<T>(all: readonly T[], most: number): T[] {
  const every = Math.max(1, all.length / most);
  return all.filter((_, i) => Math.floor(i / every) !== Math.floor((i - 1) / every));
}

/** The model's transitions. */
async function modelled(): Promise<Set<string>> {
  const text = await Deno.readTextFile(new URL("election.pml", import.meta.url));
  const found = text.matchAll(/(?<!define )\bT\((\w+), ([\w-]+), (\w+), (\w+)\)/g);
  const rows = [...found].filter(([, from]) => from !== "from" && from !== "state")
    .map(([, from, event, to, effect]) => `${from} ${event} → ${to} ${effect}`);
  return new Set(rows);
}

Deno.test("the model and the elector have the same transitions", async () => {
  const [model, elector] = [await modelled(), walk()];
  assert(model.size > 25, "the model's table was not found");
  const only = (of: Set<string>, other: Set<string>) => [...of].filter((one) => !other.has(one));
  assertEquals({ onlyModel: only(model, elector), onlyElector: only(elector, model) }, {
    onlyModel: [],
    onlyElector: [],
  });
});
