/**
 * What the elector does to the election key: takes it, keeps it, gives it up. Remembers which leases this
 * process was granted: a key under another lease is another's, whatever its value.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { Ring } from "../base/ring.ts";
import type { Log } from "../base/log.ts";
import type { ElectionStore } from "./election_store.ts";
import { describeStale } from "./reasons.ts";
import type { Event, Leadership, Reading, StaleKey } from "./states.ts";

/** What it needs. */
export interface KeyHolderContext {
  readonly clock: Clock;
  readonly log: Log;
  /** The election value. */
  readonly value: string;
  readonly ttlSeconds: number;
  /** Deadline of the next call to etcd, ms. */
  callMs(): number;
}

const RELEASE_MS = 1000;
/** Leases that are remembered: far more than can live at one time. */
const MAX_GRANTED = 100;

/** One process's hold on the election key. */
export class KeyHolder {
  /** The newest last. */
  readonly #granted = new Ring<string>(MAX_GRANTED);

  constructor(readonly elections: ElectionStore, readonly context: KeyHolderContext) {}

  /** Whether this process was granted that lease. */
  wasGranted(lease: string): boolean {
    return [...this.#granted].includes(lease);
  }

  /**
   * Tries to create the key. A stale one is deleted with the lease already in hand, so that this
   * node, which knows first, is most likely the first to stand.
   */
  async stand(stale: StaleKey | null): Promise<Event> {
    const { log, clock, ttlSeconds, callMs } = this.context;
    if (stale) {
      const reason = describeStale(stale.reason);
      log.warn("stale election key is deleted", { ...stale, reason });
    }
    const sent = readClocks(clock);
    const lease = await this.elections.grant(ttlSeconds, callMs());
    this.#granted.push(lease);
    const term = await this.#create(lease, stale);
    if (term === null) {
      await this.elections.revoke(lease, callMs()).catch(() => {});
      return { type: "outrun" };
    }
    return { type: "elected", leadership: { lease, term, since: clock.now(), sent } };
  }

  /**
   * The new term, or null when another was first. The creation is sent right behind the deletion of a
   * stale key, before any standby has heard of it; should it arrive first, it is sent again. The deletion
   * compares the key's revision as it was judged, so it changes neither the new key nor one refreshed since.
   */
  async #create(lease: string, stale: StaleKey | null): Promise<string | null> {
    const { value, callMs } = this.context;
    if (stale === null) return await this.elections.create(value, lease, callMs());
    const [deleted, created] = await Promise.all([
      this.elections.deleteAt(stale.modRevision, callMs()),
      this.elections.create(value, lease, callMs()),
    ]);
    if (created !== null || !deleted) return created;
    return await this.elections.create(value, lease, callMs());
  }

  /** Extends the lease and rewrites the key, within the deadline. */
  async refresh({ lease, term }: Leadership, deadlineMs: number): Promise<Event> {
    const { clock, value, callMs } = this.context;
    const sent = readClocks(clock);
    const endsAt = sent.monotonic + deadlineMs;
    const leftMs = () => Math.min(callMs(), endsAt - clock.monotonic());
    if (!await this.elections.keepAlive(lease, leftMs())) return { type: "conflict" };
    const done = await this.elections.refresh({ value, lease, term }, leftMs());
    return done ? { type: "refreshed", sent } : { type: "conflict" };
  }

  /** Gives the key up; what cannot be done in a second is left to the lease. */
  async release({ lease, term }: Leadership): Promise<void> {
    const { log, value } = this.context;
    try {
      await this.elections.release({ value, lease, term }, RELEASE_MS);
      await this.elections.revoke(lease, RELEASE_MS);
    } catch (error) {
      log.warn("the election key could not be released; its lease will end", { error });
    }
  }
}

/** The clocks as they are now. */
export function readClocks(clock: Clock): Reading {
  return { wall: clock.now(), monotonic: clock.monotonic(), uptime: clock.uptime() };
}
