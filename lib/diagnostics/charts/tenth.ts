/** How exactly drawings are drawn. Pure. @module */

/** A coordinate to a tenth. */
export function tenth(n: number): number {
  return Math.round(n * 10) / 10;
}
