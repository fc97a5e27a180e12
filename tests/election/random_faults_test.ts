/**
 * The elector under faults drawn from a seed, all of them at any time, on clocks that cost nothing.
 * `ELECTION_SEED` repeats a run, `ELECTION_RUNS` says how many there are.
 *
 * @module
 */
import { Random } from "../../lab/random.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ScriptedKv } from "../support/scripted_kv.ts";
import { type Machine, type Manager, ScriptedCloud } from "./scripted_cloud.ts";
import type { Call } from "./scripted_etcd.ts";

const RUNS = Number(Deno.env.get("ELECTION_RUNS") ?? "100");
const ROUNDS = 30;
const CALLS: readonly Call[] = [
  "get",
  "grant",
  "keepAlive",
  "revoke",
  "create",
  "refresh",
  "release",
  "deleteAt",
];
const TTL_SECONDS = 6;

/** A machine with its manager of now, and those that were left standing. */
class Node {
  manager: Manager;
  readonly #orphans: Manager[] = [];

  constructor(readonly cloud: ScriptedCloud, readonly machine: Machine, public pid: number) {
    this.manager = cloud.manage(machine, pid);
  }

  /** One thing goes wrong, or right again. */
  async disturb(random: Random): Promise<string> {
    const { manager, machine } = this;
    const faults: Record<string, () => unknown> = {
      "full disk": () => machine.file.full = true,
      "room again": () => machine.file.full = false,
      "unreadable": () => machine.file.unreadable = !machine.file.unreadable,
      "held call": () => manager.way.held.add(random.pick(CALLS)),
      "cut off": () => CALLS.forEach((call) => manager.way.held.add(call)),
      "late calls": () => manager.way.deliver(),
      "whole network": () => manager.way.held.clear(),
      "clock forward": () => machine.clock.step(300 + random.below(20_000)),
      "clock back": () => machine.clock.step(-300 - random.below(20_000)),
      "stands still": () => manager.kv.standStill(),
      "goes on": () => manager.kv.goOn(),
      "step-down": () => this.#stepDown(random.below(20)),
      "killed": () => this.#kill(),
      "orphaned": () => this.#orphan(),
      "an orphan goes on": () => this.#orphans.shift()?.kv.goOn(),
      "stopped and started": () => this.#restart(),
    };
    const what = random.pick(Object.keys(faults));
    await faults[what]!();
    return `${machine.name}: ${what}`;
  }

  heal(): void {
    this.machine.file.full = this.machine.file.unreadable = false;
    this.manager.way.held.clear();
    for (const { kv } of [this.manager, ...this.#orphans.splice(0)]) kv.goOn();
  }

  async #stepDown(pauseSeconds: number): Promise<void> {
    const request = { id: "x", at: this.machine.clock.now(), by: "chance", pauseSeconds };
    using store = new StateStore(new ScriptedKv(this.machine.file).kv);
    await store.writeStepDown({ ...request, outcome: null, handledAt: null }).catch(() => {});
  }

  /** Another one starts. */
  async #kill(): Promise<void> {
    this.manager.kv.standStill(); // for good
    CALLS.forEach((call) => this.manager.way.held.add(call));
    await this.#start();
  }

  /** It stands still without its supervisor, and another one starts. */
  async #orphan(): Promise<void> {
    this.manager.kv.standStill();
    this.#orphans.push(this.manager);
    await this.#start();
  }

  /** What does not stop in time is killed, as the supervisor does it. */
  async #restart(): Promise<void> {
    this.manager.stop();
    await this.cloud.advance(2500);
    await this.#kill();
  }

  async #start(): Promise<void> {
    using supervisor = new StateStore(new ScriptedKv(this.machine.file).kv);
    await supervisor.writeMastership(null).catch(() => {}); // a full disk keeps it from nothing
    this.manager = this.cloud.manage(this.machine, ++this.pid);
  }
}

/** Plays one seed. What went wrong, and how often somebody began to lead. */
async function play(seed: number): Promise<{ terms: number; said: string[] }> {
  const random = new Random(seed);
  await using cloud = new ScriptedCloud(["node-1", "node-2", "node-3"], {
    ttlSeconds: TTL_SECONDS,
    refreshSeconds: 2,
    marginSeconds: 2,
  });
  const nodes = cloud.machines.map((machine) => new Node(cloud, machine, 1));
  const terms = new Set<string>();
  const done: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    done.push(await random.pick(nodes).disturb(random));
    await cloud.advance(500 * (1 + random.below(8)));
    for (const { record } of cloud.machines) if (record) terms.add(record.term);
    if (cloud.violations.length > 0) break;
  }
  const said = [...cloud.violations];
  for (const node of nodes) node.heal();
  if (said.length === 0) {
    // The longest pause of a step-down is not over yet, nor that after a term that could not be published.
    await cloud.until(
      "somebody leads again",
      () => cloud.machines.some(({ leads }) => leads),
      32_000,
    );
    said.push(...cloud.violations);
  }
  return { terms: terms.size, said: said.map((what) => `${what}, after ${done.join("; ")}`) };
}

Deno.test("whatever goes wrong, nobody leads beside another or without the key", async () => {
  const { 0: chance } = crypto.getRandomValues(new Uint32Array(1));
  const first = Number(Deno.env.get("ELECTION_SEED") ?? chance);
  let terms = 0;
  for (let seed = first; seed < first + RUNS; seed++) {
    const run = await play(seed).catch((error) => {
      throw new Error(`ELECTION_SEED=${seed}: ${error.message}`, { cause: error });
    });
    assertEquals(run.said, [], `ELECTION_SEED=${seed}`);
    terms += run.terms;
  }
  assert(terms > RUNS, "too little happened to prove anything");
});
