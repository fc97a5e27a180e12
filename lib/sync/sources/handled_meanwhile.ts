/**
 * What is announced while a full resync runs: it is handled at once, with the index of before, and again when the
 * full resync is through, with the one that it leaves. That index may have been read before or after.
 *
 * @module
 */
import { addWork, newWork, sizeOf, type Work } from "../index/backlog.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { Hints } from "./notification.ts";

/** Collects it. */
export class HandledMeanwhile {
  hints = new Hints();
  readonly #work = newWork();

  /** @param limit more objects than this are not kept. */
  constructor(readonly limit: number) {}

  /** Notes what begins to be handled; false: it is too much, and all of it is forgotten. */
  begins(batch: Hints): boolean {
    this.hints.add(batch);
    if (this.hints.size <= this.limit) return true;
    this.hints = new Hints();
    return false;
  }

  /** Notes what was looked at. */
  handled(work: Work): void {
    addWork(this.#work, work);
  }

  /** Tells the new index what was done with the older one; whether there is something to do again by its backlog. */
  passOn(older: CloudIndex, index: CloudIndex): boolean {
    // A key that was written meanwhile is not in the new index.
    for (const port of this.#work.ports) {
      for (const key of older.keysOf(port)) index.addKey(port, key);
    }
    index.addToBacklog(older.takeBacklog());
    index.addToBacklog(this.#work);
    return sizeOf(this.#work) > 0;
  }
}
