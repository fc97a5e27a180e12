/**
 * Which items of two lists belong together, so that one that comes or goes does not make all that follow it
 * differ. Pure.
 *
 * @module
 */

/** Two items that belong together, where they are; `undefined`: there is none. */
export type Pair = readonly [index: number, before: unknown, after: unknown];

/** Comparing more pairs of items than this takes too long: those of the same index belong together then. */
const MAX_PAIRS = 250_000;

/**
 * All items of both lists, in order, but for those that are equal at their ends and in a longest common
 * subsequence. Between these the first of the one list belongs to the first of the other. The index is that
 * in the list before; of an item that comes, that in the list after.
 */
export function pairsOf(before: readonly unknown[], after: readonly unknown[]): Pair[] {
  const [was, is] = [before.map(canonical), after.map(canonical)];
  let start = 0;
  while (start < was.length && start < is.length && was[start] === is[start]) start++;
  let end = 0;
  const most = Math.min(was.length, is.length) - start;
  while (end < most && was.at(-1 - end) === is.at(-1 - end)) end++;
  const [old, now] = [was.slice(start, was.length - end), is.slice(start, is.length - end)];
  const common = old.length * now.length > MAX_PAIRS ? [] : commonOf(old, now);
  const pairs: Pair[] = [];
  let [i, j] = [0, 0];
  for (const [nextI, nextJ] of [...common, [old.length, now.length] as const]) {
    while (i < nextI || j < nextJ) {
      const [was, is] = [i < nextI ? i++ : null, j < nextJ ? j++ : null];
      pairs.push([
        start + (was ?? is)!,
        was === null ? undefined : before[start + was],
        is === null ? undefined : after[start + is],
      ]);
    }
    [i, j] = [nextI + 1, nextJ + 1];
  }
  return pairs;
}

/** Indices of a longest common subsequence. */
function commonOf(
  before: readonly string[],
  after: readonly string[],
): (readonly [i: number, j: number])[] {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j]!;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] = before[i] === after[j]
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) found.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return found;
}

/** A value with the keys of its objects in order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]),
  );
}

/** The same text for equal values, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(sorted(value));
}
