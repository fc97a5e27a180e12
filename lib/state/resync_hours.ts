/**
 * Counts runs by the hour in the KV file, so that somebody can ask a week later whether they ran. Counts are
 * gathered for some seconds before they are written: a process that is killed loses those. Several processes
 * may count: each adds to what the file holds.
 *
 * @module
 */
import { writeChecked } from "./checked_write.ts";
import type { Kv } from "./kv.ts";
import {
  HOUR_MS,
  KEPT_MS,
  MAX_HOURS,
  type ResyncHour,
  resyncHourSchema,
} from "./records/resync_hours.ts";

const PREFIX = "resync-hours";
/** Counts are written at most so often, ms. */
const WRITE_MS = 5000;

/** A run that is over. */
export interface EndedRun {
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: "empty" | "changed" | "failed";
}

/** The hours of the last week. */
export class ResyncHours {
  /** What is not written yet, of one hour. */
  #waiting: ResyncHour | null = null;
  /** End of the last run that was counted here. */
  #lastAt: number | null = null;
  #writtenAt = -Infinity;

  constructor(readonly kv: Kv) {}

  /** Counts a run; what cannot be written now is written with a later one. */
  async add(run: EndedRun): Promise<void> {
    const hour = hourOf(run, this.#lastAt);
    this.#lastAt = run.endedAt;
    if (this.#waiting && this.#waiting.at !== hour.at) await this.flush();
    this.#waiting = merged(this.#waiting, hour);
    if (Math.abs(run.endedAt - this.#writtenAt) < WRITE_MS) return;
    this.#writtenAt = run.endedAt;
    await this.flush();
  }

  /** Writes what waits; never rejects. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = null;
    const written = await this.#write(waiting).catch(() => false);
    if (written) return;
    const since = this.#waiting as ResyncHour | null;
    // What waits is of one hour only: the one that runs.
    if (!since || since.at === waiting.at) this.#waiting = merged(waiting, since ?? null);
  }

  /** Newest first; an hour without a run is absent. */
  async read(): Promise<ResyncHour[]> {
    const hours: ResyncHour[] = [];
    const range = this.kv.list({ prefix: [PREFIX] }, {
      limit: MAX_HOURS,
      reverse: true,
      batchSize: MAX_HOURS,
    });
    for await (const { value } of range) {
      const parsed = resyncHourSchema.safeParse(value);
      if (parsed.success) hours.push(parsed.data);
    }
    return hours;
  }

  async #write(hour: ResyncHour): Promise<boolean> {
    const key = [PREFIX, hour.at];
    let isFirst = false;
    const written = await writeChecked(async () => {
      const { value, versionstamp } = await this.kv.get(key);
      isFirst = versionstamp === null;
      const parsed = resyncHourSchema.safeParse(value);
      const all = parsed.success ? merged(parsed.data, hour) : hour;
      return (await this.kv.atomic().check({ key, versionstamp }).set(key, all).commit()).ok;
    });
    if (written && isFirst) await this.#forget(hour.at - KEPT_MS).catch(() => {});
    return written;
  }

  async #forget(before: number): Promise<void> {
    const range = this.kv.list({ prefix: [PREFIX], end: [PREFIX, before] });
    for await (const { key } of range) await this.kv.delete(key);
  }
}

function hourOf({ startedAt, endedAt, outcome }: EndedRun, lastAt: number | null): ResyncHour {
  const hour = {
    at: Math.floor(endedAt / HOUR_MS) * HOUR_MS,
    changed: 0,
    failed: 0,
    empty: 0,
    firstAt: startedAt,
    lastAt: endedAt,
    longestMs: Math.max(0, endedAt - startedAt),
    pauseMs: lastAt === null ? 0 : Math.max(0, startedAt - lastAt),
  };
  hour[outcome]++;
  return hour;
}

/** Two parts of one hour as one; the pause between them counts too. */
function merged(one: ResyncHour | null, other: ResyncHour | null): ResyncHour {
  if (!one || !other) return (one ?? other)!;
  const [first, last] = one.firstAt <= other.firstAt ? [one, other] : [other, one];
  return {
    at: first.at,
    changed: first.changed + last.changed,
    failed: first.failed + last.failed,
    empty: first.empty + last.empty,
    firstAt: first.firstAt,
    lastAt: Math.max(first.lastAt, last.lastAt),
    longestMs: Math.max(first.longestMs, last.longestMs),
    pauseMs: Math.max(first.pauseMs, last.pauseMs, last.firstAt - first.lastAt),
  };
}
