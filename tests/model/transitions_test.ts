/** The model's transitions are those of the elector's state machine: both ways, each of them. @module */
import { advance, START } from "../../lib/election/machine.ts";
import type { Effect, Event, Reading, Settings, State, Step } from "../../lib/election/states.ts";
import { assertEquals } from "../support/assert.ts";

const SETTINGS: Settings = {
  name: "node-1",
  pid: 10,
  key: "/election",
  ttlMs: 3000,
  refreshMs: 1000,
  marginMs: 1000,
  respectUnleased: false,
};
/** What time may pass before an event, and how far the wall clock may be stepped meanwhile, ms. */
const PASSED = [0, 1000, 2000, 15_000];
const STEPPED = [0, 5000];
const problem = "a problem";
const key = { value: "node-2:20", createRevision: "5", modRevision: "6", lease: "9" };
const own = { ...key, value: "node-1:10" };
const none = { granted: false, predecessor: false };

/** What may come of an effect, see `elector.ts`. */
function outcomes(effect: Effect, state: State, at: Reading): Event[] {
  const superseded: Event = { type: "superseded" };
  const unreachable: Event = { type: "unreachable", problem };
  switch (effect.do) {
    case "clear":
      return [
        { type: "cleared", believedUntil: -Infinity },
        { type: "cleared", believedUntil: at.uptime + 2 },
        { type: "cleared", believedUntil: null },
        superseded,
      ];
    case "read":
      return [
        { type: "observed", key: null, ...none },
        { type: "observed", key, ...none },
        { type: "observed", key: own, ...none, granted: true },
        { type: "observed", key, ...none, predecessor: true },
        unreachable,
        superseded,
      ];
    case "stand":
      return [
        ...[0, 2000].map((ms): Event => ({
          type: "elected",
          leadership: { lease: "9", term: "5", since: at.wall, sent: before(at, ms) },
        })),
        { type: "outrun" },
        unreachable,
        superseded,
      ];
    case "publish":
      return [{ type: "published" }, { type: "unpublished", problem }, superseded];
    case "refresh":
      return [
        ...[0, 2000].map((ms): Event => ({ type: "refreshed", sent: before(at, ms) })),
        { type: "conflict" },
        unreachable,
      ];
    case "end":
      return [{ type: "ended" }];
    case "wait":
      return state.name === "leader"
        ? [{ type: "woken" }, { type: "step-down", by: "me", pauseMs: 2000 }]
        : [{ type: "woken" }];
    case "finish":
      return [];
  }
}

function before({ wall, monotonic, uptime }: Reading, ms: number): Reading {
  return { wall: wall - ms, monotonic: monotonic - ms, uptime: uptime - ms / 1000 };
}

/** What of a state its next steps depend on: its times count from now. */
function essence({ state, effect }: Step, at: Reading): string {
  const ahead = (time: number) => Math.max(-1, Math.min(20_000, time - at.monotonic));
  const believed = (until: number | null) => until === null ? null : ahead(until * 1000);
  switch (state.name) {
    case "leader": {
      const { sent } = state.leadership;
      const stepped = at.wall - sent.wall - (at.monotonic - sent.monotonic);
      return `leader ${effect.do} ${ahead(sent.monotonic + 3000)} ${
        ahead(state.nextRefresh)
      } ${stepped}`;
    }
    case "ending":
      return `ending ${effect.do} ${believed(state.believedUntil)} ${state.toStop} ${
        ahead(state.notBefore)
      }`;
    case "stopping":
      return `stopping ${effect.do}`;
    default: {
      const never = state.believedUntil === -Infinity;
      return `${state.name} ${effect.do} ${ahead(state.notBefore)} ${never} ${
        believed(state.believedUntil)
      }`;
    }
  }
}

/** Every transition that can be reached from the start, as `state event -> state effect`. */
function machineTransitions(): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const next: [Step, Reading][] = [[START, { wall: 1_000_000, monotonic: 0, uptime: 0 }]];
  while (next.length > 0) {
    const [{ state, effect }, from] = next.pop()!;
    if (state.name === "stopping") continue;
    for (const ms of PASSED) {
      for (const step of STEPPED) {
        const at = {
          wall: from.wall + ms + step,
          monotonic: from.monotonic + ms,
          uptime: from.uptime + ms / 1000,
        };
        for (const event of [...outcomes(effect, state, at), { type: "stop" } as const]) {
          const to = advance(state, event, at, SETTINGS);
          found.add(`${state.name} ${event.type} -> ${to.state.name} ${to.effect.do}`);
          const what = essence(to, at);
          if (!seen.has(what)) next.push([to, at]);
          seen.add(what);
        }
      }
    }
  }
  return found;
}

/** The transitions that are written in the model. */
async function modelTransitions(): Promise<Set<string>> {
  const files = ["elector.pml", "manager.pml"].map((name) => new URL(name, import.meta.url));
  const lines = (await Promise.all(files.map((file) => Deno.readTextFile(file)))).join("\n").split(
    "\n",
  );
  const code = lines.filter((line) => !line.startsWith("#define")).join("\n");
  const written = code.matchAll(/\bT\(([\w-]+), ([\w-]+), ([\w-]+), ([\w-]+)\)/g);
  return new Set(
    [...written].map(([, from, event, to, effect]) => `${from} ${event} -> ${to} ${effect}`),
  );
}

Deno.test("the model and the state machine have the same transitions", async () => {
  assertEquals(START.effect, { do: "clear" });
  const machine = machineTransitions();
  const model = await modelTransitions();
  assertEquals({
    "only in lib/election/machine.ts": [...machine.difference(model)].sort(),
    "only in the model": [...model.difference(machine)].sort(),
  }, { "only in lib/election/machine.ts": [], "only in the model": [] });
});
