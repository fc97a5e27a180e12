/**
 * Writes what the roles of a node write, as often as they do, for a cloud of any size: the page's
 * process cannot tell the difference.
 *
 * @module
 */
import { facts, resync } from "../../tests/diagnostics/fixtures.ts";
import type { Agent } from "../../lib/state/records.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";
import { beginSeals } from "../../lib/state/seal_file.ts";
import { StateStore } from "../../lib/state/store.ts";
import { writeAgentsFile } from "../../lib/status/agents_file.ts";
import { countFreshness } from "../../lib/status/freshness.ts";

/** How much there is. */
export interface CloudSize {
  readonly agents: number;
  readonly ports: number;
}

const TURN_MS = 1000;
const TURNS_PER_FILE = 5;

/** Writes until it is disposed of. */
export class Seeder implements AsyncDisposable {
  #stopped = false;
  #error: unknown = null;
  #turns = 0;
  #running: Promise<void> = Promise.resolve();

  private constructor(
    readonly dir: string,
    readonly cloud: CloudSize,
    readonly store: StateStore,
  ) {}

  /** The first records are there when this resolves. */
  static async start(dir: string, cloud: CloudSize): Promise<Seeder> {
    const { manager } = await beginSeals(dir);
    const seeder = new Seeder(dir, cloud, await StateStore.open(dir, manager));
    await seeder.#once();
    await seeder.#turn();
    seeder.#running = seeder.#run().catch((error) => seeder.#error = error);
    return seeder;
  }

  /** @throws what went wrong, if anything did. */
  check(): void {
    if (this.#error) throw this.#error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.store[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
      await this.#turn();
    }
  }

  /** What changes seldom. */
  async #once(): Promise<void> {
    const { cluster, compaction, events } = facts();
    await this.store.writeCluster(cluster!);
    await this.store.writeCompaction(compaction!);
    const now = Date.now();
    for (let i = 0; i < 50; i++) {
      const startedAt = now - (50 - i) * 60_000;
      const record = { ...resync(), id: `r${i}`, startedAt, endedAt: startedAt + 2300 };
      await this.store.writeResync(record);
    }
    for (const name of ROLE_NAMES) {
      await this.store.writeRole(name, {
        state: "running",
        pid: 4242,
        startedAt: now - 3_600_000,
        restarts: 0,
        failures: 0,
        lastEnd: null,
        nextStartAt: null,
      });
      for (const event of events) {
        for (let i = 0; i < 10; i++) {
          await this.store.addEvent(name, { ...event, at: now - i * 9000 });
        }
      }
    }
  }

  /** What the roles write about once a second. */
  async #turn(): Promise<void> {
    const { store } = this;
    const { agents, ports, election, mastership } = facts();
    const now = Date.now();
    await store.writeMastership({
      ...mastership!,
      heartbeat: now,
      validUntil: now + 13_000,
      uptime: Deno.osUptime(),
    });
    await store.writeElection({ ...election!, at: now });
    for (const name of ROLE_NAMES) {
      if (name === "diagnostics") continue;
      await store.writeAlive(name, {
        at: now,
        pid: 4242,
        doing: "working",
        problem: null,
        rssBytes: 7e7,
      });
    }
    const list = this.#agents(now);
    const byFreshness = countFreshness(list, now);
    const total = list.length;
    await store.writeAgents({ ...agents!, at: now, total, byFreshness, agents: list.slice(0, 50) });
    await store.writePorts({ ...ports!, at: now, total: this.cloud.ports });
    if (this.#turns++ % TURNS_PER_FILE === 0) {
      await writeAgentsFile(this.dir, { at: now, total, agents: list });
    }
  }

  /** The stalest first. */
  #agents(now: number): Agent[] {
    return Array.from({ length: this.cloud.agents }, (_, i) => ({
      host: `compute-${String(i).padStart(5, "0")}.cloud.example`,
      time: now - 20_000 + Math.round(i * 20_000 / this.cloud.agents),
      uptimeSeconds: 8000 + i,
      reportedAt: now - 1000,
    }));
  }
}
