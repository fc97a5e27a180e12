/** What is usual among some measurements. Pure. @module */

/** The middle one; of an even number the lower. There is at least one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
}
