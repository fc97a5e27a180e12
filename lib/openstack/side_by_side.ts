/**
 * A list that is walked in parts, several at a time. Each part is walked and proven as a whole list is
 * (`walk.ts`); they have no id in common, and together all of them. Pages come in any order between parts.
 *
 * A part whose first marker is no longer there is added to the one before it. So no more than one page for each
 * walk at a time is in memory, beside the one that was given out last.
 *
 * @module
 */
import type { ListWalk } from "./list_walk.ts";
import type { Listing } from "./listing.ts";
import { OBJECT_ID } from "./object_id.ts";
import type { Range } from "./walk.ts";

/** The parts between cuts, of which only ascending ids count. */
export function rangesBetween(cuts: readonly string[]): Range[] {
  const ranges: Range[] = [];
  let from: string | null = null;
  for (const cut of cuts) {
    if (!OBJECT_ID.test(cut) || (from !== null && cut <= from)) continue;
    ranges.push({ from, until: cut });
    from = cut;
  }
  return [...ranges, { from, until: null }];
}

interface Part<T extends { id: string }> {
  readonly list: ListWalk<T>;
  previous: Part<T> | null;
  next: Part<T> | null;
  isDone: boolean;
}

/** A page that waits for being taken. */
interface Ready<T> {
  readonly page: Listing<T>;
  taken(): void;
}

/** Walks parts, some at a time; use it once. */
export class SideBySide<T extends { id: string }> {
  readonly #queue: Part<T>[];
  readonly #ready: Ready<T>[] = [];
  #wake = Promise.withResolvers<void>();
  #running = 0;
  #failed: { readonly error: unknown } | null = null;

  /** @param lists walks through the parts, in the order of ids; the first begins at the list's beginning. */
  constructor(lists: readonly ListWalk<T>[], readonly atOnce: number) {
    const parts: Part<T>[] = lists.map((list) => ({
      list,
      previous: null,
      next: null,
      isDone: false,
    }));
    for (const [i, part] of parts.entries()) {
      part.previous = parts[i - 1] ?? null;
      part.next = parts[i + 1] ?? null;
    }
    this.#queue = parts;
  }

  /**
   * The pages of all parts. Nothing is left running when it ends, however it does.
   *
   * @throws {OpenstackError} a page failed, or a part could not be completed.
   */
  async *pages(signal: AbortSignal): AsyncGenerator<Listing<T>> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const walkers = Array.from(
      { length: Math.min(this.atOnce, this.#queue.length) },
      () => this.#walk(both, stop),
    );
    try {
      while (true) {
        if (this.#failed) throw this.#failed.error;
        const ready = this.#ready.shift();
        if (ready) {
          ready.taken();
          yield ready.page;
        } else if (this.#running === 0) return;
        else {
          await this.#wake.promise;
          this.#wake = Promise.withResolvers();
        }
      }
    } finally {
      stop.abort();
      for (const { taken } of this.#ready.splice(0)) taken();
      await Promise.all(walkers);
    }
  }

  /** Walks one part after the other. */
  async #walk(signal: AbortSignal, stop: AbortController): Promise<void> {
    this.#running++;
    try {
      for (let part; (part = this.#queue.shift());) await this.#walkPart(part, signal);
    } catch (error) {
      this.#failed ??= { error };
      stop.abort();
    } finally {
      this.#running--;
      this.#wake.resolve();
    }
  }

  async #walkPart(part: Part<T>, signal: AbortSignal): Promise<void> {
    const { list } = part;
    // Asked before each page and once more at the end: it may have been extended since its last page resolved.
    while (!list.done && !list.isLost) {
      const page = await list.next(signal);
      if (page === null) continue;
      // One that had come when all was stopped: nobody takes it any more.
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#ready.push({ page, taken: resolve });
      this.#wake.resolve();
      await promise;
      signal.throwIfAborted();
    }
    part.isDone = true;
    if (list.isLost) this.#addToPrevious(part);
  }

  /** Has whoever walks the part before go on through this one. */
  #addToPrevious({ list, previous, next }: Part<T>): void {
    if (previous === null) throw new Error("the first part has no marker to lose");
    previous.list.extend(list.until);
    previous.next = next;
    if (next) next.previous = previous;
    if (!previous.isDone) return;
    previous.isDone = false;
    this.#queue.unshift(previous);
  }
}
