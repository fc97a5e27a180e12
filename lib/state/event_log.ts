/**
 * What has happened on a node, for people: a bounded list for each source. A source may have several
 * writers in several processes, and none of them overwrites what another has added.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { clip } from "../base/clip.ts";
import { systemClock } from "../base/clock.ts";
import type { Kv } from "./kv.ts";
import { type Event, eventsSchema } from "./records.ts";
import { isBusy } from "./sqlite_errors.ts";

const MAX_EVENTS = 50;
const MAX_EVENT_CHARS = 500;
/** How long a write that another process came before is tried again, ms. */
const BUSY_MS = 2000;
const PAUSE: Backoff = { firstMs: 3, maxMs: 20, jitter: "full" };

/** The events of all sources. */
export class EventLog {
  /** The latest write of this process; the next one waits for it. */
  #last: Promise<void> = Promise.resolve();

  constructor(readonly kv: Kv) {}

  /** Adds an event; its message is cut. @throws the file takes no writes, or none of ours for 2 s. */
  add(source: string, event: Event): Promise<void> {
    const before = this.#last;
    return this.#last = (async () => {
      await before.catch(() => {}); // its own caller hears of that
      await this.#add(["events", source], {
        ...event,
        message: clip(event.message, MAX_EVENT_CHARS),
      });
    })();
  }

  async #add(key: Deno.KvKey, event: Event): Promise<void> {
    const endsAt = performance.now() + BUSY_MS;
    for (let failures = 0;; failures++) {
      const { value, versionstamp } = await this.kv.get(key);
      const known = eventsSchema.safeParse(value).data ?? [];
      const events = [event, ...known].slice(0, MAX_EVENTS);
      try {
        const change = this.kv.atomic().check({ key, versionstamp }).set(key, events);
        if ((await change.commit()).ok) return;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      if (performance.now() >= endsAt) throw new Error("other processes write events all the time");
      await systemClock.sleep(backoffMs(PAUSE, failures));
    }
  }
}
