/** The assertions of the tests, under the names that Deno's own have. @module */
import nodeAssert from "node:assert/strict";

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

/** Fails unless `tookMs` is at most `limitMs`, times the machine's factor. */
export function assertWithin(tookMs: number, limitMs: number, what: string): void {
  const limit = limitMs * TIME_FACTOR;
  if (!(tookMs <= limit)) nodeAssert.fail(`${what} took ${tookMs} ms, at most ${limit} expected`);
}

/** Waits until `check` returns something truthy, and returns that; fails after `timeoutMs` times the factor. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 10_000,
  intervalMs = 25,
): Promise<T> {
  const deadline = Date.now() + timeoutMs * TIME_FACTOR;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  throw new Error(`not within ${timeoutMs * TIME_FACTOR} ms: ${what}`, { cause: last });
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
