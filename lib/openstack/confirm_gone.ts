/**
 * Whether objects are gone, asked for by id. An answer without an object proves nothing by itself: a right
 * may be missing, a filter dropped, a list cut short. So each question also names an object that is known
 * to be there, and only an answer that shows that one, and nothing that was not asked for, counts.
 *
 * @module
 */
import { isRefused } from "./http.ts";
import { isTooLong, VALUES_PER_REQUEST } from "./list_by.ts";
import type { Listing } from "./listing.ts";

/** One is the witness. */
const IDS_PER_QUESTION = VALUES_PER_REQUEST - 1;

/** `NeutronClient.confirmGone` of one collection. */
export class Inquiry {
  readonly found = {
    /** Neutron knows them no more. */
    gone: new Set<string>(),
    there: new Set<string>(),
    /** Not in an answer that could not be trusted: they may well be there. */
    uncertain: new Set<string>(),
  };

  /**
   * @param list what Neutron shows of these ids, page by page.
   * @param witness is asked for with every question; null: there is none.
   */
  constructor(
    readonly list: (ids: readonly string[]) => AsyncGenerator<Listing<{ id: string }>>,
    readonly witness: string | null,
  ) {}

  /** Asks for these ids, in as many requests as it takes. @throws {OpenstackError} no answer. */
  async ask(ids: Iterable<string>): Promise<void> {
    const all = [...new Set(ids)];
    for (let at = 0; at < all.length; at += IDS_PER_QUESTION) {
      await this.#askSome(all.slice(at, at + IDS_PER_QUESTION));
    }
  }

  async #askSome(ids: readonly string[]): Promise<void> {
    const answer = await this.#answer(ids);
    if (answer !== "too long") {
      for (const id of ids) if (answer.ids.has(id)) this.found.there.add(id);
      const absent = ids.filter((id) => !answer.ids.has(id));
      if (answer.trusted) {
        const seen = this.witness !== null && !ids.includes(this.witness) &&
          answer.ids.has(this.witness);
        for (const id of absent) this.found[seen ? "gone" : "uncertain"].add(id);
        return;
      }
      if (ids.length === 1) {
        for (const id of absent) this.found.uncertain.add(id);
        return;
      }
      ids = absent;
    }
    // What spoils an answer, such as one damaged record, is to spoil as few of them as can be.
    const half = Math.ceil(ids.length / 2);
    for (const some of [ids.slice(0, half), ids.slice(half)]) {
      if (some.length > 0) await this.#askSome(some);
    }
  }

  /** The ids that Neutron shows; trusted: it shows all of those asked for and no others. */
  async #answer(
    ids: readonly string[],
  ): Promise<{ ids: ReadonlySet<string>; trusted: boolean } | "too long"> {
    const asked = new Set(this.witness === null ? ids : [...ids, this.witness]);
    const shown = new Set<string>();
    let damaged = false;
    try {
      for await (const { items, refused } of this.list([...asked])) {
        for (const { id } of items) shown.add(id);
        damaged ||= refused.length > 0;
      }
      return { ids: shown, trusted: !damaged };
    } catch (error) {
      // An answer that makes no sense, such as a page that repeats or a filter that was dropped.
      if (isRefused(error, 200)) return { ids: shown, trusted: false };
      if (!isTooLong(error) || ids.length < 2) throw error;
      return "too long";
    }
  }
}

/** What became of some objects, by id. */
export type Whereabouts = Inquiry["found"];
