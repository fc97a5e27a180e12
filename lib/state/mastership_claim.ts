/**
 * Which of several managers on one state directory may publish mastership there. As a rule there is one
 * manager, but one that was stopped before a write, and whose supervisor was killed, may wake up beside its
 * successor. Each manager claims the directory when it starts, and every write compares the claim's version.
 *
 * The supervisor makes no claim; it may always publish that nobody of this node leads.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { systemClock } from "../base/clock.ts";
import type { Kv } from "./kv.ts";
import { isBusy } from "./sqlite_errors.ts";

/** Who has made a claim, for people; its version in the file is what counts. */
export interface Claimant {
  readonly pid: number;
  /** ms since the epoch */
  readonly at: number;
}

/** Another manager of this node has made its claim since this one did: this one must not publish. */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
  constructor() {
    super("another manager of this node has taken over the state directory");
  }
}

const KEY = ["mastership-claim"];
/**
 * How long a write with a check is tried again when another process has written in between, ms. Beside five
 * processes that write without a pause, 40 attempts and 0.25 s were the most that it took.
 */
const BUSY_MS = 5000;
const PAUSE: Backoff = { firstMs: 3, maxMs: 3, jitter: "full" };

/** The claim of this process, if it makes one. */
export class MastershipClaim {
  #version: string | null = null;

  constructor(readonly kv: Kv) {}

  /** Later claims compare as greater; null: this process has made none. */
  get version(): string | null {
    return this.#version;
  }

  /**
   * Whether this process has made its claim, and has it still.
   *
   * @throws {SupersededError} it has made one, and so has another since.
   */
  async confirm(): Promise<boolean> {
    if (this.#version === null) return false;
    const { versionstamp } = await this.kv.get(KEY);
    if (versionstamp !== this.#version) throw new SupersededError();
    return true;
  }

  /** Makes the claim, which ends every earlier one; once it has succeeded, it does nothing. */
  async make(claimant: Claimant): Promise<void> {
    if (this.#version !== null) return;
    this.#version = (await this.kv.set(KEY, claimant)).versionstamp;
  }

  /**
   * Writes a record (null: deletes it).
   *
   * @throws {SupersededError} this process has made a claim, and so has another since; nothing is written.
   */
  async write(key: Deno.KvKey, record: unknown): Promise<void> {
    const endsAt = performance.now() + BUSY_MS;
    while (true) {
      const change = this.kv.atomic();
      if (this.#version !== null) change.check({ key: KEY, versionstamp: this.#version });
      if (record === null) change.delete(key);
      else change.set(key, record);
      try {
        if ((await change.commit()).ok) return;
        throw new SupersededError();
      } catch (error) {
        if (!isBusy(error) || performance.now() >= endsAt) throw error;
        await systemClock.sleep(backoffMs(PAUSE, 0));
      }
    }
  }
}
