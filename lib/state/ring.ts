/**
 * A ring of small files, through which one process passes entries on to others: the writer replaces the oldest
 * one by the newest, so that neither of them ever waits for the other. A reader that falls behind, or finds a
 * damaged file, has lost entries and is told how many.
 *
 * Nothing may depend on every entry's arriving.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { readStateFile, writeStateFile } from "./files.ts";
import { StateChanges } from "./news.ts";

/** Entries that wait to be written; what comes beyond them is lost. */
const MAX_UNWRITTEN = 32;
/** Between looks whether there is a ring at all, ms. */
const POLL_MS = 1000;

const HEAD = "head.json";
/** Empty; touched with each entry. */
const NEWS = "changed";

const headSchema = z.object({
  /** Whose numbers these are: each writer begins anew. */
  writer: z.string().max(64),
  /** The newest entry's number; the first is 1. */
  last: z.number().int().nonnegative(),
});
const entrySchema = z.object({
  writer: z.string(),
  number: z.number(),
  value: z.unknown(),
});

function pathOf(folder: string, slots: number, number: number): string {
  return `${folder}/${number % slots}.json`;
}

/** Writes a ring; there is one writer for each at a time, and the next one begins when it is disposed of. */
export class RingWriter<T> implements AsyncDisposable {
  readonly #writer = crypto.randomUUID();
  #news: StateChanges | null = null;
  #numbers = 0;
  #unwritten = 0;
  #isOver = false;
  #work: Promise<void> = Promise.resolve();

  /** @param folder absolute. @param slots entries that it holds */
  constructor(readonly folder: string, readonly slots: number) {}

  /**
   * Passes an entry on, after those before it; one that comes while too many wait is lost, which readers notice.
   * Resolves once it is written, or lost. `value` must be JSON and smaller than a state file may be.
   *
   * @throws the folder is not writable.
   */
  append(value: T): Promise<void> {
    const number = ++this.#numbers;
    if (this.#unwritten >= MAX_UNWRITTEN) return Promise.resolve();
    this.#unwritten++;
    const written = this.#work.then(() => this.#write(number, value));
    this.#work = written.catch(() => {}).then(() => void this.#unwritten--);
    return written;
  }

  /**
   * Drops what waits to be written, and all that comes from now on. Resolves when the write under way has ended,
   * after which nothing of this writer's can replace an entry of the next one's. It has no deadline of its own:
   * a role that hangs here no longer says that it lives.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  async #write(number: number, value: T): Promise<void> {
    if (this.#isOver) return;
    const { folder, slots } = this;
    const writer = this.#writer;
    await writeStateFile(pathOf(folder, slots, number), { writer, number, value });
    await writeStateFile(`${folder}/${HEAD}`, { writer, last: number });
    if (!this.#news) {
      const path = `${folder}/${NEWS}`;
      (await Deno.open(path, { write: true, create: true, mode: 0o600 })).close();
      this.#news = new StateChanges(path);
    }
    await this.#news.announce();
  }
}

/** Reads a ring, from the oldest entry that it holds on. Disposable. */
export class RingReader<T> implements Disposable {
  #news: StateChanges | null = null;
  #heard = 0;
  #writer: string | null = null;
  #next = 1;
  #lost = 0;
  /** The last entry that was looked at is of another writer. */
  #isDoubtful = false;

  constructor(
    readonly folder: string,
    readonly slots: number,
    readonly schema: z.ZodType<T>,
  ) {}

  /** Entries that were overwritten before they were read, even before the reader was there, or could not be read. */
  get lost(): number {
    return this.#lost;
  }

  /** What has come since, the oldest first. @throws the folder cannot be read. */
  async *take(): AsyncGenerator<T> {
    this.#heard = this.#news?.count ?? 0;
    const head = await readStateFile(`${this.folder}/${HEAD}`, headSchema);
    if (!head) return;
    const oldest = Math.max(1, head.last - this.slots + 1);
    if (head.writer !== this.#writer) {
      this.#writer = head.writer;
      this.#next = 1; // what of it is overwritten already is lost to whoever comes late, too
    } else if (this.#isDoubtful) this.#lost++;
    this.#isDoubtful = false;
    if (oldest > this.#next) {
      this.#lost += oldest - this.#next;
      this.#next = oldest;
    }
    while (this.#next <= head.last) {
      const number = this.#next++;
      const entry = await readStateFile(pathOf(this.folder, this.slots, number), entrySchema);
      if (entry && entry.writer !== this.#writer) {
        // The next writer may have begun, which has lost nothing of what was left by this one: its head tells.
        this.#isDoubtful = true;
        return;
      }
      const value = entry?.number === number ? this.schema.safeParse(entry.value).data : undefined;
      if (value === undefined) this.#lost++;
      else yield value;
    }
  }

  /** Resolves when something may have come since {@linkcode take} looked, after `maxMs` at the latest. */
  async wait(maxMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (!this.#news) {
      const path = `${this.folder}/${NEWS}`;
      if (await Deno.stat(path).catch(() => null)) {
        this.#news = new StateChanges(path);
        this.#heard = this.#news.count; // from now on it is watched; what came before is taken at once
        return;
      }
      await clock.sleep(Math.min(maxMs, POLL_MS), signal).catch(() => {});
      return;
    }
    await this.#news.after(this.#heard, maxMs, clock, signal);
  }

  [Symbol.dispose](): void {
    this.#news?.[Symbol.dispose]();
  }
}
