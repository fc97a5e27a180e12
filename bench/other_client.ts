/** Somebody else who asks Neutron for one port now and then, and sees how long the answer takes. @module */
import { setTimeout as sleep } from "node:timers/promises";
import type { CloudRig } from "./cloud_rig.ts";
import { CLIENT_HEADER } from "./neutron_workers.ts";
import { quantile } from "./print.ts";

const EVERY_MS = 250;
const NAME = "another";
const TIMEOUT_MS = 120_000;

/** Asks until it is disposed of; it waits for each answer. */
export class OtherClient implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly timesMs: number[] = [];

  constructor(readonly rig: CloudRig) {
    this.#done = this.#ask();
  }

  /** The time below which that part of the answers came, ms; NaN: there was none. */
  quantile(q: number): number {
    return this.timesMs.length === 0 ? NaN : quantile(this.timesMs, q);
  }

  async #ask(): Promise<void> {
    const { neutronUrl, cloud, ports } = this.rig;
    for (let turn = 0; !this.#stop.signal.aborted; turn++) {
      const id = cloud.portId((turn * 7919) % ports);
      const from = performance.now();
      const response = await fetch(`${neutronUrl}/v2.0/ports?id=${id}`, {
        headers: { [CLIENT_HEADER]: NAME },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      this.timesMs.push(performance.now() - from);
      await sleep(EVERY_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}
