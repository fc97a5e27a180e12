/**
 * Where a list can be cut, so that its parts are walked side by side. Neutron makes ids by chance, so they are
 * spread evenly, and some of them tell of all. That only decides how long the parts become, never what is in them.
 *
 * @module
 */

/** Fewer pages than this on the average are no part of their own. */
const MIN_PAGES = 1.6;
/** Parts for each walk at a time: one that ends early finds another. */
const PARTS_PER_WALK = 4;
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

/** Into how many parts to cut a list; 1: it is not worth while. */
export function partsOf({ count, pageSize, atOnce }: Reading): number {
  if (atOnce < 2) return 1;
  return Math.max(1, Math.min(PARTS_PER_WALK * atOnce, Math.floor(count / pageSize / MIN_PAGES)));
}

/**
 * Ids to cut at, ascending, such that the parts are about as long as each other; none: the list is not worth it.
 *
 * @param known ids of the list, in any order that has nothing to do with them.
 */
export function chooseCuts(known: readonly string[], reading: Reading): string[] {
  const sample = [...new Set(known)].sort();
  const parts = Math.min(partsOf(reading), Math.floor(sample.length / 2));
  return Array.from(
    { length: Math.max(0, parts - 1) },
    (_, i) => sample[Math.floor((i + 1) * sample.length / parts)]!,
  );
}

/** Every how many-th of so many ids is enough to cut by. */
export function sampleStep(count: number): number {
  return Math.max(1, Math.ceil(count / SAMPLE));
}
