/**
 * Ports whose statuses change all the time, told to Neutron over the bus as the product tells them, and what Neutron was
 * told last: after any fault both must be equal.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import type { BusConfig } from "../../lib/config/config_types.ts";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { BusReporter } from "../../lib/status/bus_reporter.ts";
import { LIVE } from "../../lib/status/newest_queue.ts";
import type { PortUpdate } from "../../lib/status/reporter.ts";
import { WorkQueue } from "../../lib/status/work_queue.ts";
import { assertEquals, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import type { OsloServer } from "../support/oslo_server.ts";

/** Between two changes, ms. */
const CHANGE_MS = 20;
const PORTS = 60;
const HOSTS = 3;
/** How long after its end a fault may still be felt: a failed report is tried again after 5 s, then ever later, ms. */
const DRAIN_MS = 90_000;

/** A bus of this URL. */
export function busConfig(url: string, rpcTimeoutMs = 10_000): BusConfig {
  const files = { caFile: null, certFile: null, keyFile: null };
  return { ...parseTransportUrl(url)!, ...files, exchange: "neutron", rpcTimeoutMs };
}

/** Changes until it is disposed of. */
export class StatusLoad implements AsyncDisposable {
  readonly log = new LogRecorder();
  readonly reporter: BusReporter;
  readonly #newest = new Map<string, "ACTIVE" | "DOWN">();
  readonly #stop = new AbortController();
  readonly #queue: WorkQueue<PortUpdate>;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(url: string, readonly neutron: OsloServer) {
    const context = { clock: systemClock, log: this.log };
    this.reporter = new BusReporter(busConfig(url, 3000), "ports", context);
    this.#queue = new WorkQueue<PortUpdate>({
      workers: 4,
      maxBatch: 100,
      clock: systemClock,
      signal: this.#stop.signal,
      gate: this.reporter.gate,
      groupOf: ({ host }) => host,
      write: async (batch, signal) => {
        const updates = batch.map(({ value }) => value);
        return await this.reporter.reportPorts(updates[0]!.host, updates, signal);
      },
      onSuccess: () => {},
      onFailure: () => {},
    });
  }

  /** From now on ports change. */
  go(): void {
    this.#timer = setInterval(() => this.#change(), CHANGE_MS);
  }

  #change(): void {
    const number = Math.floor(Math.random() * PORTS);
    const port = `p${number}`;
    const status = Math.random() < 0.5 ? "ACTIVE" : "DOWN";
    this.#newest.set(port, status);
    this.#queue.put(port, { host: `h${number % HOSTS}`, port, status }, LIVE);
  }

  /** Waits until Neutron takes calls again. */
  async served(): Promise<void> {
    const before = this.neutron.taken.length;
    await eventually("Neutron takes calls", () => this.neutron.taken.length > before, DRAIN_MS);
  }

  /** Ends the changes, and fails unless Neutron comes to know the newest of every port, and keeps to that. */
  async settle(): Promise<void> {
    clearInterval(this.#timer);
    await eventually("an empty queue", () => this.#queue.length === 0, DRAIN_MS);
    // What an alarm or a lost connection has kept back may still arrive.
    let before = -1;
    await eventually(
      "nothing more arrives",
      () => {
        const now = this.neutron.taken.length;
        const quiet = now === before;
        before = now;
        return quiet;
      },
      DRAIN_MS,
      1500,
    );
    assertEquals(sorted(this.neutron.ports), sorted(this.#newest), "what Neutron was told last");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error("the test is over"));
    await this.#queue.join();
    await this.reporter[Symbol.asyncDispose]();
  }
}

function sorted(statuses: ReadonlyMap<string, string>): [string, string][] {
  return [...statuses].toSorted(([a], [b]) => a < b ? -1 : 1);
}
