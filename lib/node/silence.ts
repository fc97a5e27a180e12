/**
 * How long a process has been silent, by this process's monotonic clock. Only a change of its heartbeat
 * counts, not the time written in it, so that a clock step does not look like silence. Time in which this
 * process itself did not run, or in which the store did not work, does not count, but for the process that keeps
 * the store from working.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { StateHealth } from "../state/directory_watch.ts";
import { KV_DEADLINE_MS } from "../state/kv.ts";
import type { StateStore } from "../state/store.ts";

/** What watching needs. */
export interface SilenceDeps {
  readonly clock: Clock;
  readonly store: StateStore;
  /** A process silent for longer makes no progress, ms. */
  readonly roleTimeoutMs: number;
  /**
   * How the state store is. While it takes no writes, a role's silence says nothing of the role, unless that role
   * holds the store's lock.
   *
   * @default fine
   */
  storeHealth?(): StateHealth;
}

/** Whose heartbeats are looked at. */
export interface Watched {
  readonly name: string;
  readonly pid: number;
  /** Time of a heartbeat from before it started, which may have come from the same pid; or null. */
  readonly earlier: number | null;
}

/** Time between two looks, ms. */
export const WATCH_INTERVAL_MS = 1000;
const FINE: StateHealth = { is: "fine" };
/** Time for a process to load and show its first heartbeat, ms, if `roleTimeoutMs` is shorter. */
const START_MS = 20_000;

/** The silence of one process; look every {@linkcode WATCH_INTERVAL_MS}. */
export class Silence {
  ms = 0;
  /** What the last heartbeat said, or null before the first. */
  doing: string | null = null;
  #lookedAt: number;
  #firstAt: number | null = null;
  #lastAt = 0;
  #seenAt: number | null;
  /** What last showed the process with the store's lock, and how long ago; null: it is not seen with it. */
  #holding: { readonly found: StateHealth; ms: number } | null = null;

  constructor(readonly deps: SilenceDeps, readonly watched: Watched) {
    this.#seenAt = watched.earlier;
    this.#lookedAt = deps.clock.monotonic();
  }

  /** From the first heartbeat to the last, ms; null before the first. */
  get healthyMs(): number | null {
    return this.#firstAt === null ? null : this.#lastAt - this.#firstAt;
  }

  /** Whether the silence is too long. `ms` counts from the look that saw the last heartbeat: it was longer. */
  get tooLong(): boolean {
    const { roleTimeoutMs } = this.deps;
    if (this.#firstAt !== null) return this.ms >= roleTimeoutMs;
    return this.ms >= Math.max(roleTimeoutMs, START_MS);
  }

  async look(): Promise<void> {
    const { clock, store, storeHealth = () => FINE } = this.deps;
    const alive = await store.readAlive(this.watched.name).catch(() => undefined);
    const now = clock.monotonic();
    const lookMs = alive === undefined ? KV_DEADLINE_MS : 0;
    const passedMs = Math.min(now - this.#lookedAt, 2 * WATCH_INTERVAL_MS + lookMs);
    this.#lookedAt = now;
    if (alive && alive.pid === this.watched.pid && alive.at !== this.#seenAt) {
      this.#seenAt = alive.at;
      this.#firstAt ??= now;
      this.#lastAt = now;
      this.doing = alive.doing;
      this.ms = 0;
      this.#holding = null;
      return;
    }
    const health = storeHealth();
    if (health.is === "unwritable" && health.heldBy.has(this.watched.pid)) {
      this.#hold(health, passedMs);
      return;
    }
    this.#holding = null;
    if (alive !== undefined && health.is === "fine") this.ms += passedMs;
  }

  /** Whoever writes holds the lock for a moment: only who is found with it twice has kept it in between. */
  #hold(found: StateHealth, passedMs: number): void {
    const before = this.#holding;
    if (before?.found === found) before.ms += passedMs;
    else {
      if (before) this.ms += before.ms + passedMs;
      this.#holding = { found, ms: 0 };
    }
  }
}
