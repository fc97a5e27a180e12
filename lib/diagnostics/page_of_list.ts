/** A list a page at a time. Pure. @module */

/** The rows of a page; one beyond the end (the list is shorter now) is the last. */
export function pageOfList<T>(
  list: readonly T[],
  wanted: number,
  size: number,
): { rows: T[]; page: number; from: number } {
  const page = Math.max(1, Math.min(wanted, Math.ceil(list.length / size)));
  const from = (page - 1) * size;
  return { rows: list.slice(from, from + size), page, from };
}
