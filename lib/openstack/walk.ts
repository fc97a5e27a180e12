/**
 * A walk through the pages of a list: where the next page begins, what of a page came before, and when
 * the end is proven. It relies on ids in ascending order, which Neutron gives, and fails where they do not
 * come so: a list is complete or an error.
 *
 * A marker whose object was deleted is a 404 for ports and networks; other collections begin anew then,
 * with 200 and their first page. In both cases the walk goes on from an id before it.
 *
 * A walk may be through a part of a list, from one id to another: it takes what is between them, however much
 * its pages show, and has proven its part when an id that is not before its end has come, or the list's end.
 *
 * @module
 */
import { OpenstackError } from "./http.ts";
import { placeOf } from "./id_space.ts";
import { idOf, type Page } from "./page.ts";

/** Markers, from the last one back, that are tried before a walk starts from its beginning. */
const MARKERS = 5;
/** Steps back without one new object between them, before it is given up. */
const MAX_STEPS_BACK = 3 * (MARKERS + 1);
/** More objects than this are no cloud but a list without an end. */
const MAX_RECORDS = 20_000_000;

/** The smallest page that is asked for where few records are left of a part. */
const MIN_LIMIT = 20;
/** How many more are asked for than seem to be left, as a share, and beside that: the spread of random ids. */
const MARGIN = 1.1;
const SPREADS = 3;

/** A part of a list. */
export interface Range {
  /** The id after which it begins; null: at the beginning. */
  readonly from: string | null;
  /** The last id that is in it; null: it goes to the end. */
  readonly until: string | null;
}

/** A walk through one list, or a part of one; use it once. */
export class Walk {
  /** The id after which the next page begins; null: it is the first one. */
  marker: string | null;
  /** How many records the next page is asked to have; Infinity: all of them. */
  limit: number;
  /** The part's first marker was not there: whoever walks what comes before has to go on through this part. */
  isLost = false;
  readonly #from: string | null;
  #until: string | null;
  #ended = false;
  #isThrough = false;
  #hasBegun = false;
  #records = 0;
  /** Records of its own that it has taken. */
  #taken = 0;
  /** The highest id that was seen and is its own. */
  #seen: string;
  /** The last ids up to the marker, the newest at the end: markers to go back to. */
  #tail: string[];
  #stepsBack = 0;
  /** Fewer than asked for, when the server allows no more. */
  #cap = Infinity;
  /** Links were missing or damaged: from then on only an empty page is an end. */
  #doubtful = false;

  /** @param pageSize how many records a page is asked to have; Infinity: all of them. */
  constructor(
    readonly path: string,
    readonly pageSize: number,
    { from, until }: Range = { from: null, until: null },
  ) {
    this.limit = pageSize;
    this.marker = this.#from = from;
    this.#until = until;
    this.#seen = from ?? "";
    this.#tail = from === null ? [] : [from];
  }

  /** Whether it is through less than the list. */
  get isPart(): boolean {
    return this.#from !== null || this.#until !== null;
  }

  /** Whether the end, of the part or of the list, is proven. */
  get done(): boolean {
    return this.#ended || this.#isThrough;
  }

  /** The last id of the part; null: it goes to the list's end. */
  get until(): string | null {
    return this.#until;
  }

  /** Has it go on to that id; null: to the list's end. It may have been done. */
  extend(until: string | null): void {
    this.#until = until;
    if (!this.#isThrough) return;
    this.#isThrough = false;
    this.limit = this.pageSize;
  }

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
      this.#ended = true;
      return once(records, ids);
    }
    if (this.marker !== null && found[0] !== undefined && found[0] <= this.marker) {
      // It does not know the marker, and began anew.
      if (!this.stepBack()) throw this.#endless();
      return [];
    }
    this.#demandOrder(found);
    this.#hasBegun = true;
    this.#records += records.length;
    if (this.#records > MAX_RECORDS) throw this.#endless();
    const isOwn = this.#ownIn(ids);
    this.#note(found);
    if (!this.#isThrough) this.#advance(page, found);
    return records.filter((_, i) => isOwn(i));
  }

  /** Which of a page's records, by their place, are of this part and did not come before. */
  #ownIn(ids: readonly (string | null)[]): (i: number) => boolean {
    const seen = this.#seen;
    const until = this.#until;
    const isIn = (id: string) => id > seen && (until === null || id <= until);
    // One without an id that stands between two parts is told by both: it may be the very object they meet at.
    const first = ids.findLastIndex((id) => id !== null && id <= (this.#from ?? "")) + 1;
    const beyond = until === null ? -1 : ids.findIndex((id) => id !== null && id > until);
    const end = beyond < 0 ? ids.length : beyond;
    return (i) => ids[i] === null ? i >= first && i < end : isIn(ids[i]!);
  }

  /** Notes how far it has come. */
  #note(ids: readonly string[]): void {
    const until = this.#until;
    const own = ids.findLast((id) => until === null || id <= until);
    this.#taken += ids.filter((id) => id > this.#seen && (own === undefined || id <= own)).length;
    if (own !== undefined && own > this.#seen) {
      this.#seen = own;
      this.#stepsBack = 0;
    }
    const last = ids.at(-1);
    if (until === null || last === undefined || last < until) return;
    this.#isThrough = true;
    if (own === undefined || own <= (this.marker ?? "")) return;
    // From there it goes on when it is extended.
    this.marker = own;
    this.#remember(ids.filter((id) => id <= own));
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
      this.#ended = true;
      return;
    }
    const last = ids.at(-1);
    // After a page of damaged records only, or an empty one that promises more.
    if (last === undefined) throw this.#endless();
    this.marker = last;
    this.#remember(ids);
    this.limit = this.#nextLimit();
  }

  #remember(ids: readonly string[]): void {
    this.#tail = [...this.#tail, ...ids.slice(-MARKERS)].slice(-MARKERS);
  }

  /** Ids are spread evenly, so that what has come tells how much is left: a page need not show much of the next part. */
  #nextLimit(): number {
    if (this.#until === null) return this.pageSize;
    const from = this.#from === null ? 0 : placeOf(this.#from);
    const at = placeOf(this.#seen);
    const left = this.#taken * (placeOf(this.#until) - at) / (at - from);
    const wanted = Math.ceil(left * MARGIN + SPREADS * Math.sqrt(left));
    // NaN where ids are no UUIDs.
    return wanted < this.pageSize
      ? Math.max(Math.min(MIN_LIMIT, this.pageSize), wanted)
      : this.pageSize;
  }

  /**
   * After the object of the marker was deleted: to one before it, at last to the beginning. A part that has
   * shown nothing yet is lost instead.
   */
  stepBack(): boolean {
    if (this.marker === null || ++this.#stepsBack > MAX_STEPS_BACK) return false;
    if (this.#from !== null && !this.#hasBegun) return this.isLost = true;
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
