/**
 * What has happened on a node, for people: a bounded list for each source. A source may have several
 * writers in several processes, and none of them overwrites what another has added.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import { writeChecked } from "./checked_write.ts";
import type { Kv } from "./kv.ts";
import { type Event, eventsSchema } from "./records.ts";

const MAX_EVENTS = 50;
const MAX_EVENT_CHARS = 500;
/** How long a write that another process came before is tried again, ms. */
const BUSY_MS = 2000;
const MAX_PAUSE_MS = 20;

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
    const write = async () => {
      const { value, versionstamp } = await this.kv.get(key);
      const known = eventsSchema.safeParse(value).data ?? [];
      const events = [event, ...known].slice(0, MAX_EVENTS);
      return (await this.kv.atomic().check({ key, versionstamp }).set(key, events).commit()).ok;
    };
    if (await writeChecked(write, BUSY_MS, MAX_PAUSE_MS)) return;
    throw new Error("other processes write events all the time");
  }
}
