/**
 * Real electors on real state stores, against an etcd and KV files that a test has in its hand, on clocks
 * that it moves. It watches what must never be: two masters, or one whose key is gone.
 *
 * @module
 */
import { runElector } from "../../lib/election/elector.ts";
import { isMaster } from "../../lib/state/is_master.ts";
import type { Config } from "../../lib/config/config_types.ts";
import type { ProcessPlace } from "../../lib/process/place.ts";
import { type Mastership, mastershipSchema } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { ScriptedKv, ScriptedKvFile } from "../support/scripted_kv.ts";
import { testConfig } from "../support/test_config.ts";
import { ScriptedEtcd, ScriptedWay } from "./scripted_etcd.ts";

const PLACE: ProcessPlace = { bootId: "boot", pidNamespace: "pid:[1]" };
const START_MS = 1_000_000;
/** All machines' clocks are that close to each other, ms. */
const STEP_MS = 500;

/** A machine with a state directory. */
export class Machine {
  readonly clock = new FakeClock(START_MS, settlePromises);
  readonly file = new ScriptedKvFile();

  constructor(readonly name: string) {}

  /** The record of mastership, whoever may read it. */
  get record(): Mastership | null {
    return mastershipSchema.safeParse(this.file.peek("mastership")).data ?? null;
  }
  /** Whether its roles work as master. */
  get leads(): boolean {
    return isMaster(this.record, this.clock);
  }
}

/** A manager of a machine. */
export interface Manager {
  readonly store: StateStore;
  readonly kv: ScriptedKv;
  readonly way: ScriptedWay;
  readonly log: LogRecorder;
  readonly done: Promise<void>;
  /** Ends it in order; time has to pass meanwhile. */
  stop(): void;
}

/** The cloud; dispose of it at the end. */
export class ScriptedCloud implements AsyncDisposable {
  readonly clock = new FakeClock(START_MS, settlePromises);
  readonly etcd = new ScriptedEtcd(this.clock);
  readonly machines: Machine[];
  /** What was seen that must never be. */
  readonly violations: string[] = [];
  readonly #managers: Manager[] = [];

  constructor(
    names: readonly string[],
    readonly election: Pick<
      Config["election"],
      "ttlSeconds" | "refreshSeconds" | "marginSeconds"
    > = { ttlSeconds: 15, refreshSeconds: 5, marginSeconds: 2 },
  ) {
    this.machines = names.map((name) => new Machine(name));
    for (const { file } of this.machines) {
      file.onWrite = (key) => key === "mastership" && this.#check();
    }
    this.etcd.watch(() => this.#check());
  }

  /** Starts a manager; `name` is the machine's unless given. */
  manage(machine: Machine, pid: number, place = PLACE, name = machine.name): Manager {
    const kv = new ScriptedKv(machine.file);
    const store = new StateStore(kv.kv);
    const way = new ScriptedWay(this.etcd, machine.clock);
    const log = new LogRecorder();
    const stop = new AbortController();
    const base = testConfig();
    const config = { ...base, election: { ...base.election, ...this.election, name } };
    const context = { log, clock: machine.clock, store, alive: () => {}, pid, place };
    const done = runElector(config, way, context, stop.signal);
    done.catch(() => {}); // a test looks at it when it concerns it
    const manager = { store, kv, way, log, done, stop: () => stop.abort() };
    this.#managers.push(manager);
    return manager;
  }

  /** Time passes, for all machines alike. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      const step = Math.min(STEP_MS, left);
      for (const { clock } of [this, ...this.machines]) await clock.advance(step);
      this.etcd.read();
      this.#check();
    }
  }

  /** Time passes until something is so; after how long, ms. */
  async until(what: string, so: () => boolean, withinMs: number): Promise<number> {
    for (let ms = 0; ms <= withinMs; ms += STEP_MS) {
      if (so()) return ms;
      await this.advance(STEP_MS);
    }
    throw new Error(`not within ${withinMs} ms: ${what}`);
  }

  #check(): void {
    const leading = this.machines.filter((machine) => machine.leads);
    if (leading.length > 1) this.violations.push(`two masters at ${this.clock.monotonic()}`);
    for (const { name, record } of leading) {
      if (this.etcd.key?.createRevision === record!.term) continue;
      this.violations.push(
        `${name} leads in term ${record!.term} without its key at ${this.clock.monotonic()}`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { way, kv, stop } of this.#managers) {
      way.held.clear();
      kv.goOn();
      stop();
    }
    for (const { file } of this.machines) file.full = file.unreadable = false;
    await this.advance(5000);
    for (const { done, store } of this.#managers) {
      await done.catch(() => {});
      store[Symbol.dispose]();
    }
  }
}
