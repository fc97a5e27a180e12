/** The assertions of the tests, under the names that Deno's own have. @module */
import nodeAssert from "node:assert/strict";
import process from "node:process";
import { deadline } from "../../lib/base/deadline.ts";

/** Fails unless the value is truthy. */
export function assert(value: unknown, message?: string): asserts value {
  if (!value) nodeAssert.fail(message ?? `not truthy: ${value}`);
}

/** Fails unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  if (message === undefined) nodeAssert.deepStrictEqual(actual, expected);
  else nodeAssert.deepStrictEqual(actual, expected, message);
}

/** Fails unless the text matches. */
export function assertMatch(text: string, pattern: RegExp): void {
  nodeAssert.match(text, pattern);
}

/**
 * How many times longer than on a machine of its own things may take: `TEST_TIME_FACTOR`, 1 when it is
 * not set. Continuous integration sets it, because its machines are shared and of unknown speed.
 */
export const TIME_FACTOR = Number(Deno.env.get("TEST_TIME_FACTOR") ?? "1");

/** CPU time that is enough to see who else computes here, ms. */
const PROBE_MS = 20;
const MAX_CONTENTION = 20;

/**
 * How many times longer computing takes now than it would alone on this machine: the time in which a little
 * of it was done by the CPU time that it took. At least 1; computes for 20 ms of CPU time.
 */
export function contention(): number {
  const from = performance.now();
  const before = process.threadCpuUsage();
  while (true) {
    const { user, system } = process.threadCpuUsage(before);
    const cpuMs = (user + system) / 1000;
    if (cpuMs < PROBE_MS) continue;
    return Math.min(MAX_CONTENTION, Math.max(1, (performance.now() - from) / cpuMs));
  }
}

/**
 * Fails unless `tookMs` is at most `limitMs`, times the machine's factor; on a machine that is busy with
 * something else, times that too.
 */
export function assertWithin(tookMs: number, limitMs: number, what: string): void {
  if (tookMs <= limitMs * TIME_FACTOR) return;
  const limit = Math.round(limitMs * TIME_FACTOR * contention());
  if (!(tookMs <= limit)) nodeAssert.fail(`${what} took ${tookMs} ms, at most ${limit} expected`);
}

/** A check that takes longer than this, times the factor, never ends, ms: a test is to fail then, not to hang. */
const CHECK_MS = 60_000;

/** A busy machine makes no wait longer than this, ms: who waits for what never comes is to be told. */
const MAX_BUSY_MS = 300_000;

/**
 * Waits until `check` returns something truthy, and returns that; fails after `timeoutMs` times the factor, on a
 * busy machine later, as {@linkcode assertWithin} does, within five minutes.
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 10_000,
  intervalMs = 25,
  checkMs = CHECK_MS,
): Promise<T> {
  const from = performance.now();
  const waited = () => performance.now() - from;
  let last: unknown;
  const alone = timeoutMs * TIME_FACTOR;
  let limit = alone;
  const busy = () => Math.max(alone, Math.min(MAX_BUSY_MS, alone * contention()));
  while (waited() < limit || waited() < (limit = busy())) {
    try {
      const value = await deadline(Promise.resolve(check()), checkMs * TIME_FACTOR, () => {
        throw new Error("the check itself does not end");
      });
      if (value) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  throw new Error(`not within ${Math.round(limit)} ms: ${what}`, { cause: last });
}

/** Fails unless `work` rejects with that class of error; returns the error. */
export async function assertRejects<T extends Error>(
  work: () => Promise<unknown>,
  kind: new (...args: never[]) => T,
): Promise<T> {
  try {
    await work();
  } catch (error) {
    if (error instanceof kind) return error;
    throw new Error(`rejected with another error: ${error}`, { cause: error });
  }
  throw new Error(`not rejected with ${kind.name}`);
}
