/**
 * Limits of time that are made of what the run itself measures: how fast Neutron answers differs by release,
 * by machine and by what else runs there. @module
 */
import { assert } from "../../support/assert.ts";
import type { Rest } from "./rest.ts";

/** What a machine that stalls for a moment adds to any one measurement, ms. */
const STALL_MS = 250;

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** How long reading `path` from Neutron takes now, ms: the median of three times. */
export async function readingTime(neutron: Rest, path: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const from = performance.now();
    await neutron.get(path);
    times.push(performance.now() - from);
  }
  return median(times);
}

/** Fails unless `tookMs` is at most `times` what one of them takes, and one stall of the machine. */
export function assertAtMost(tookMs: number, times: number, oneMs: number, what: string): void {
  const limit = Math.round(times * oneMs + STALL_MS);
  assert(
    tookMs <= limit,
    `${what} took ${tookMs} ms, at most ${limit} expected: ${times} × ${oneMs} ms`,
  );
}
