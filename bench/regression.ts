/** A straight line through measurements, and how sure its slope is. Pure. @module */

/** Growth per unit of x, with the bounds of its 95 % confidence interval. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Least squares. Needs three points or more. */
export function slopeOf(x: readonly number[], y: readonly number[]): Slope {
  const n = x.length;
  if (n < 3 || y.length !== n) throw new Error("a slope needs three points or more");
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n;
  const [mx, my] = [mean(x), mean(y)];
  const sxx = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  const sxy = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  const slope = sxy / sxx;
  const rest = y.reduce((sum, value, i) => sum + (value - my - slope * (x[i]! - mx)) ** 2, 0);
  const error = Math.sqrt(rest / (n - 2) / sxx);
  const width = studentT975(n - 2) * error;
  return { slope, low: slope - width, high: slope + width };
}

/** The 97.5 % quantile of Student's t (Abramowitz and Stegun 26.7.5; exact for 1 and 2 degrees). */
export function studentT975(degrees: number): number {
  if (degrees === 1) return 12.7062;
  if (degrees === 2) return 4.3027;
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3);
}
