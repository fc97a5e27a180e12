/**
 * The runs that mattered and have left the newest: those that changed something, failed, were slow or held
 * something back, for a week. There are at most {@linkcode MAX_OLDER}; beyond that the least interesting one
 * goes, and of these the oldest. An index beside them, one small key a run, tells which there are, so that a
 * page reads no more records than it shows. Each change of the index compares the version of the one that it
 * was made from: two processes cannot spoil it.
 *
 * @module
 */
import { z } from "zod";
import { writeChecked } from "./checked_write.ts";
import type { Kv } from "./kv.ts";
import { count } from "./records/fields.ts";
import { type Resync, resyncSchema } from "./records/resync.ts";
import { KEPT_MS } from "./records/resync_hours.ts";

/** Runs that are kept beside the newest; at some 1.5 KB each, and never above 12 KB. */
export const MAX_OLDER = 2000;
/** Of how many of them the differences are kept, and bytes of these together. */
const MAX_WITH_DIFFERENCES = 500;
const MAX_DIFFERENCE_BYTES = 32_000_000;
const RECORDS = "older-resyncs";
const INDEX = "older-resync-index";
/** How many there are. Written with each change: its version stands for the index's. */
const CHANGED_KEY = ["older-resyncs-changed"];
/** Runs that go at a time: Deno KV takes no transaction of any size. */
const MAX_GONE = 100;
const INDEX_BATCH = 500;

const entrySchema = z.object({ weight: count, bytes: count });
/** What the index says of a run. */
interface Entry extends z.infer<typeof entrySchema> {
  readonly startedAt: number;
  readonly id: string;
}
interface Index {
  readonly versionstamp: string | null;
  /** Newest first. */
  readonly entries: readonly Entry[];
}

/** A run on its way from the newest. */
interface Move {
  readonly key: Deno.KvKey;
  readonly run: Resync;
  readonly weight: number;
  /** What the index says of it already: it was taken for over, and was not. */
  readonly before: readonly Entry[];
  readonly now: number;
}

/** Of the runs that changed something, those that changed ten times as much weigh 1 more, up to this. */
const MAX_CHANGE_WEIGHT = 5;

/**
 * How interesting a run is; 0: it need not be kept. A failure weighs most, then what was slow, then what
 * changed, by how much; least what only says the same as the run before it.
 */
export function weightOf(run: Resync): number {
  if (run.endedAt === null) return 9; // its process ended in the middle
  if (run.error !== null) return run.error === run.failureBefore ? 1 : 9;
  if (run.slow) return 8;
  const changes = changesIn(run);
  if (changes > 0 && !run.dryRun) {
    return 2 + Math.min(MAX_CHANGE_WEIGHT, Math.floor(Math.log10(changes)));
  }
  const said = changes + run.guards.length + run.leftOut.length + run.warnings.length;
  return said > 0 ? 1 : 0;
}

/** Objects that a run changed; of a dry run: that it would change. */
export function changesIn({ kinds }: Pick<Resync, "kinds">): number {
  return Object.values(kinds).reduce((sum, of) => sum + of.created + of.updated + of.deleted, 0);
}

/** Runs beside the newest. */
export class OlderResyncs {
  #index: Index | null = null;

  constructor(readonly kv: Kv, readonly max: number = MAX_OLDER) {}

  /** How many there are. */
  async count(): Promise<number> {
    const { value } = await this.kv.get(CHANGED_KEY);
    const parsed = count.safeParse(value);
    return parsed.success ? parsed.data : 0;
  }

  /** Some of them, newest first: `limit` at most, after the first `offset`. */
  async read(offset: number, limit: number): Promise<Resync[]> {
    const { entries } = await this.#readIndex();
    const wanted = entries.slice(offset, offset + limit);
    const found = await Promise.all(wanted.map((entry) => this.#read(entry)));
    return found.filter((record) => record !== null);
  }

  /** The one of that id, or null. */
  async find(id: string): Promise<Resync | null> {
    const { entries } = await this.#readIndex();
    const entry = entries.find((each) => each.id === id);
    return entry ? await this.#read(entry) : null;
  }

  /** Ids of those whose differences may stay, newest first. */
  async withDifferences(): Promise<string[]> {
    let room = MAX_DIFFERENCE_BYTES;
    const ids: string[] = [];
    for (const { id, bytes } of (await this.#readIndex()).entries) {
      if (bytes === 0) continue;
      if ((room -= bytes) < 0 || ids.length >= MAX_WITH_DIFFERENCES) break;
      ids.push(id);
    }
    return ids;
  }

  /**
   * Moves a run here from `key`, where the newest are; one that did not matter is only deleted there. Older
   * than a week is what began that long before `now`, ms since the epoch. Where other processes write all the
   * time, it stays where it is.
   */
  async take(key: Deno.KvKey, run: Resync, now: number): Promise<void> {
    const weight = weightOf(run);
    await writeChecked(async () => {
      const index = await this.#readIndex();
      const before = index.entries.filter(({ id }) => id === run.id);
      if (weight === 0 && before.length === 0) {
        await this.kv.delete(key);
        return true;
      }
      return await this.#move(index, { key, run, weight, before, now });
    });
  }

  async #move(index: Index, { key, run, weight, before, now }: Move): Promise<boolean> {
    const { startedAt, id } = run;
    const entry: Entry = { startedAt, id, weight, bytes: run.differencesBytes ?? 0 };
    const all = index.entries.filter((each) => !before.includes(each));
    if (weight > 0) all.push(entry);
    all.sort((a, b) => b.startedAt - a.startedAt);
    const gone = tooMany(all, now, this.max).slice(0, MAX_GONE);
    const change = this.kv.atomic().check({ key: CHANGED_KEY, versionstamp: index.versionstamp })
      .delete(key);
    for (const { startedAt, id } of [...before, ...gone]) {
      change.delete([RECORDS, startedAt, id]).delete([INDEX, startedAt, id]);
    }
    const left = new Set(gone);
    if (weight > 0 && !left.has(entry)) {
      change.set([RECORDS, startedAt, id], run)
        .set([INDEX, startedAt, id], { weight, bytes: entry.bytes });
    }
    const entries = all.filter((each) => !left.has(each));
    const done = await change.set(CHANGED_KEY, entries.length).commit();
    if (!done.ok) return false;
    this.#index = { versionstamp: done.versionstamp, entries };
    return true;
  }

  async #read({ startedAt, id }: Entry): Promise<Resync | null> {
    const { value } = await this.kv.get([RECORDS, startedAt, id]);
    const parsed = resyncSchema.safeParse(value);
    return parsed.success ? parsed.data : null;
  }

  async #readIndex(): Promise<Index> {
    const { versionstamp } = await this.kv.get(CHANGED_KEY);
    if (this.#index?.versionstamp === versionstamp) return this.#index;
    const entries: Entry[] = [];
    const range = this.kv.list({ prefix: [INDEX] }, { reverse: true, batchSize: INDEX_BATCH });
    for await (const { key: [, startedAt, id], value } of range) {
      const parsed = entrySchema.safeParse(value);
      if (typeof startedAt !== "number" || typeof id !== "string" || !parsed.success) continue;
      entries.push({ startedAt, id, ...parsed.data });
    }
    return this.#index = { versionstamp, entries };
  }
}

/** What is older than a week, and what is beyond the bound: of the least interesting ones the oldest. */
function tooMany(entries: readonly Entry[], now: number, max: number): Entry[] {
  const old = entries.filter(({ startedAt }) => startedAt < now - KEPT_MS);
  const excess = entries.length - old.length - max;
  if (excess <= 0) return old;
  const least = entries.slice(0, entries.length - old.length)
    .sort((a, b) => a.weight - b.weight || a.startedAt - b.startedAt).slice(0, excess);
  return [...old, ...least];
}
