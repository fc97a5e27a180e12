/**
 * How a node's comparing goes round and round, read from its API by the names of the fields alone: a build that has
 * no rounds tells of none.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MS = 200;

/** The rounds of a term. */
export interface Rounds {
  /** The one that goes on. */
  readonly round: number;
  /** The end of the last one, ms since the epoch; null: none has ended. */
  readonly endedAt: number | null;
}

/**
 * The rounds in an answer of the API: the first object, wherever it stands, that has both fields. One that says of
 * its pace that it is another than rounds tells of none.
 */
export function roundsIn(answer: unknown): Rounds | null {
  if (typeof answer !== "object" || answer === null) return null;
  const { round, endedAt, pace } = answer as Partial<Record<keyof Rounds | "pace", unknown>>;
  if (typeof round === "number" && typeof pace === "string" && pace !== "rounds") return null;
  if (typeof round === "number" && (endedAt === null || typeof endedAt === "number")) {
    return { round, endedAt };
  }
  for (const value of Object.values(answer)) {
    const found = roundsIn(value);
    if (found) return found;
  }
  return null;
}

/** Waits until comparing goes in rounds: after a full resync, a gap is compared first. @returns whether it does. */
export async function roundsBegin(
  status: () => Promise<unknown>,
  timeoutMs: number,
): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  do {
    const rounds = roundsIn(await status());
    if (rounds && rounds.round > 0) return true;
    await sleep(LOOK_MS);
  } while (performance.now() < until);
  return false;
}

/**
 * Waits until a round has begun after now and ended: all that was changed before is compared then.
 *
 * @returns how long that round took, ms; null: it did not end within that time, or the node has no rounds.
 */
export async function roundEnds(
  status: () => Promise<unknown>,
  timeoutMs: number,
): Promise<number | null> {
  const until = performance.now() + timeoutMs;
  let last = roundsIn(await status());
  if (!last || (last.round === 0 && last.endedAt === null)) return null;
  let begun: number | null = null;
  while (performance.now() < until) {
    await sleep(LOOK_MS);
    const now = roundsIn(await status());
    if (!now || now.round === last.round) continue;
    // What went on at first had begun before.
    if (begun !== null) return performance.now() - begun;
    begun = performance.now();
    last = now;
  }
  return null;
}
