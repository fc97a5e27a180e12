/** A clock that a test moves by hand. @module */
import type { Clock } from "../../lib/base/clock.ts";

interface Sleeper {
  due: number;
  wake: () => void;
}

/** Time stands still but for {@linkcode FakeClock.advance}. */
export class FakeClock implements Clock {
  #now: number;
  #steady = 0;
  #sleepers: Sleeper[] = [];

  constructor(nowMs = 1_000_000) {
    this.#now = nowMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#steady;
  }

  uptime(): number {
    return Math.floor(this.#steady / 1000);
  }

  /** A clock step: time jumps, sleepers do not wake. */
  step(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) sleeper.due += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        reject(signal!.reason);
      };
      const sleeper = {
        due: this.#now + ms,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Moves time on, waking sleepers one by one in due order and letting promises settle between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    while (true) {
      this.#sleepers.sort((a, b) => a.due - b.due);
      const next = this.#sleepers[0];
      if (!next || next.due > end) break;
      this.#sleepers.shift();
      this.#move(Math.max(this.#now, next.due));
      next.wake();
      await settle();
    }
    this.#move(end);
  }

  #move(to: number): void {
    this.#steady += to - this.#now;
    this.#now = to;
  }
}

/** Lets pending promises run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
}
