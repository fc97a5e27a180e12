/** One walk through a list of Neutron's, page by page; a page that failed can be asked for again. @module */
import { isRefused } from "./http.ts";
import { FilterIgnoredError } from "./list_by.ts";
import type { Listing, RecordReader } from "./listing.ts";
import type { Page } from "./page.ts";
import type { Query } from "./query.ts";
import type { Walk } from "./walk.ts";

/** What a {@linkcode ListWalk} needs. */
export interface ListWalkOptions<T> {
  readonly walk: Walk;
  readonly reader: RecordReader<T>;
  /** A filter that each record has to fit. */
  readonly by?: { readonly field: string; readonly asked: (record: unknown) => boolean };
  readonly known?: Query["known"];
  /** Milliseconds since the epoch. */
  now(): number;
  read(walk: Walk, signal: AbortSignal): Promise<Page>;
}

/** A list whose pages are taken one by one, at whatever pace. */
export class ListWalk<T extends { id: string }> {
  constructor(readonly options: ListWalkOptions<T>) {}

  /** The last id of the pages so far; null: there is none. */
  get marker(): string | null {
    return this.options.walk.marker;
  }

  /** Whether the end of the list, or of the part, is proven. */
  get done(): boolean {
    return this.options.walk.done;
  }

  /** See {@linkcode Walk.isLost}. */
  get isLost(): boolean {
    return this.options.walk.isLost;
  }

  /** The last id of the part; null: it goes to the list's end. */
  get until(): string | null {
    return this.options.walk.until;
  }

  /** Has it go on to that id; null: to the list's end. */
  extend(until: string | null): void {
    this.options.walk.extend(until);
  }

  /**
   * The next page; null: the list, or the part of it, has ended or is lost. After an error it may be called
   * again, and goes on at the same place.
   *
   * @throws {OpenstackError} the page failed, or the walk cannot be completed.
   */
  async next(signal: AbortSignal): Promise<Listing<T> | null> {
    const { walk, reader, by, known, read } = this.options;
    while (!walk.done && !walk.isLost) {
      const askedAt = this.options.now();
      const page = await read(walk, signal).catch((error) => {
        if (isRefused(error, 404) && walk.stepBack()) return null;
        throw error;
      });
      if (!page) continue;
      if (by && !page.records.every(by.asked)) {
        throw new FilterIgnoredError(reader.rules.url, by.field);
      }
      // Before the walk goes on: what is refused here is asked for again by the next call.
      reader.demandFields(page.records);
      return reader.read(walk.take(page), known && ((record) => known(record, askedAt)));
    }
    return null;
  }
}
