/**
 * Where a list can be cut, so that its parts are walked side by side. Neutron makes ids by chance, so they are
 * spread evenly, and some of them tell of all. That only decides how long the parts become, never what is in them.
 *
 * @module
 */

/** Fewer pages than this on the average are no part of their own. */
const MIN_PAGES = 1.6;
/** Of what is left each walk would take so many parts: they get shorter, so that all walks end about together. */
const PARTS_PER_WALK = 2;
/** More are a guess that went wrong. */
const MAX_PAGES = 20_000;
/** Ids that are looked at to cut. */
const SAMPLE = 2000;

/** How much of the space of UUIDs comes before this one, from 0 to 1; NaN: it is none. */
export function placeOf(id: string): number {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(id)) return NaN;
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16) / 2 ** 48;
}

/** How a list is read. */
export interface Reading {
  /** Objects that it has, about. */
  readonly count: number;
  readonly pageSize: number;
  /** Walks at a time. */
  readonly atOnce: number;
}

/** Where the parts of a list end, as shares of it, the last at 1; one part: it is not worth cutting. */
export function endsOf({ count, pageSize, atOnce }: Reading): number[] {
  const pages = Math.min(count / pageSize, MAX_PAGES);
  const ends: number[] = [];
  for (let left = atOnce < 2 ? 0 : pages; left >= 2 * MIN_PAGES;) {
    left -= Math.max(MIN_PAGES, left / (PARTS_PER_WALK * atOnce));
    ends.push(1 - left / pages);
  }
  return [...ends, 1];
}

/**
 * Ids to cut at, ascending, the longest parts first; none: the list is not worth it.
 *
 * @param known ids of the list, in any order that has nothing to do with them.
 */
export function chooseCuts(known: readonly string[], reading: Reading): string[] {
  const sample = [...new Set(known)].sort();
  const ends = endsOf(reading).slice(0, -1);
  const places = new Set(ends.map((end) => Math.floor(end * sample.length)));
  places.delete(0);
  return [...places].map((place) => sample[place]!);
}

/** Every how many-th of so many ids is enough to cut by. */
export function sampleStep(count: number): number {
  return Math.max(1, Math.ceil(count / SAMPLE));
}
