/**
 * A walk through the pages of a list: where the next page begins, what of a page came before, and when
 * the end is proven. It relies on ids in ascending order, which Neutron gives, and fails where they do not
 * come so: a list is complete or an error.
 *
 * A marker whose object was deleted is a 404 for ports and networks; other collections begin anew then,
 * with 200 and their first page. In both cases the walk goes on from an id before it.
 *
 * @module
 */
import { OpenstackError } from "./http.ts";
import { idOf, type Page } from "./page.ts";

/** Markers, from the last one back, that are tried before a walk starts from its beginning. */
const MARKERS = 5;
/** Steps back without one new object between them, before it is given up. */
const MAX_STEPS_BACK = 3 * (MARKERS + 1);
/** More objects than this are no cloud but a list without an end. */
const MAX_RECORDS = 20_000_000;

/** A walk through one list; use it once. */
export class Walk {
  /** The id after which the next page begins; null: it is the first one. */
  marker: string | null = null;
  /** Whether the end is proven. */
  done = false;
  #records = 0;
  /** The highest id that was seen. */
  #seen = "";
  /** The last ids up to the marker, the newest at the end: markers to go back to. */
  #tail: string[] = [];
  #stepsBack = 0;
  /** Fewer than asked for, when the server allows no more. */
  #cap = Infinity;
  /** Links were missing or damaged: from then on only an empty page is an end. */
  #doubtful = false;

  /** @param limit how many records a page is asked to have; Infinity: all of them. */
  constructor(readonly path: string, readonly limit: number) {}

  /**
   * Takes the page at the marker; the records that did not come before, those without an id among them.
   *
   * @throws {OpenstackError} the pages do not go on, repeat or come in no order.
   */
  take(page: Page): readonly unknown[] {
    const { records } = page;
    const ids = records.map(idOf);
    const found = ids.filter((id) => id !== null);
    const inPages = this.limit !== Infinity || page.next === "yes" || this.marker !== null;
    if (!inPages) {
      this.done = true;
      return once(records, ids);
    }
    if (this.marker !== null && found[0] !== undefined && found[0] <= this.marker) {
      // It does not know the marker, and began anew.
      if (!this.stepBack()) throw this.#endless();
      return [];
    }
    this.#demandOrder(found);
    this.#records += records.length;
    if (this.#records > MAX_RECORDS) throw this.#endless();
    const seen = this.#seen;
    const last = found.at(-1);
    if (last !== undefined && last > seen) {
      this.#seen = last;
      this.#stepsBack = 0;
    }
    this.#advance(page, found);
    return records.filter((_, i) => ids[i] === null || ids[i]! > seen);
  }

  #demandOrder(ids: readonly string[]): void {
    for (let i = 1; i < ids.length; i++) {
      if (ids[i]! > ids[i - 1]!) continue;
      throw new OpenstackError(
        `${this.path} do not come in the order of ids (${ids[i]} after ${ids[i - 1]}), so that ` +
          "nothing tells whether all of them came",
        200,
      );
    }
  }

  /** Goes on to the next page, unless there is none. */
  #advance({ records, next }: Page, ids: readonly string[]): void {
    const full = records.length >= Math.min(this.limit, this.#cap);
    if (next === "yes" && !full) this.#cap = records.length;
    this.#doubtful ||= next === "unknown";
    const ends = records.length === 0 ? next !== "yes" : next === "no" && !full && !this.#doubtful;
    if (ends) {
      this.done = true;
      return;
    }
    const last = ids.at(-1);
    // After a page of damaged records only, or an empty one that promises more.
    if (last === undefined) throw this.#endless();
    this.marker = last;
    this.#tail = [...this.#tail, ...ids.slice(-MARKERS)].slice(-MARKERS);
  }

  /** After the object of the marker was deleted: to one before it, at last to the beginning. */
  stepBack(): boolean {
    if (this.marker === null || ++this.#stepsBack > MAX_STEPS_BACK) return false;
    this.#tail.pop();
    this.marker = this.#tail.at(-1) ?? null;
    return true;
  }

  #endless(): OpenstackError {
    return new OpenstackError(
      `the pages of ${this.path} have no end that can be found: they repeat, or do not go on`,
      200,
    );
  }
}

/** Each record once, in a list that came in one piece and in any order. */
function once(
  records: readonly unknown[],
  ids: readonly (string | null)[],
): readonly unknown[] {
  const seen = new Set<string>();
  return records.filter((_, i) => {
    const id = ids[i]!;
    if (id === null) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
