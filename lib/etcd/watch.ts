/**
 * A watch that resumes by our own rule: from the last revision that was seen, whose events are then dropped.
 * From the next one on would be too late: etcd 3.4 drops a deletion at the very revision of a compaction, and
 * attaches a watch from there as if nothing were missing. Each stream (`watch_stream.ts`) is used until the
 * first sign of trouble, and then made anew, at another member when the one before does not serve.
 *
 * That etcd still knows a revision says little after a gap: a backup that was restored meanwhile may have
 * overtaken it. So the caller is told of each gap, and compares what it knows.
 *
 * What resuming cannot repair ends the watch, and a snapshot has to be read again: a compaction, a
 * cancellation, another cluster behind the same address, a stream that is silent although a key in its
 * range was written, a reader that is too slow.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Clock } from "../base/clock.ts";
import { isNoSpace } from "./call_errors.ts";
import {
  type WatchEvent,
  WatchLostError,
  WatchStream,
  type WatchStreamOptions,
} from "./watch_stream.ts";

export { type WatchEvent, WatchLostError };

/** Options of {@linkcode watchAfter}. */
export interface WatchOptions extends Omit<WatchStreamOptions, "clusterId"> {
  readonly clock: Clock;
  /** The cluster of the snapshot. */
  readonly clusterId: string;
  /** A key in the range that is written when the stream is silent, and must come back; null: none. */
  readonly roundTripKey: string | null;
  /** Called when etcd does not answer, with the error; null once it does. */
  onTrouble(error: unknown): void;
  /** Called with each turn, with the longest time until the next one, ms. */
  onTurn?(withinMs: number): void;
  /** The client's deadline of one call, ms: a part of that time. @default 60000 */
  readonly callTimeoutMs?: number;
  /** Times, for tests. */
  readonly quietMs?: number;
  readonly roundTripMs?: number;
}

const RETRY_MS = 500;
/** Streams in a row without an attached watcher, after which the caller is told. */
export const MAX_UNATTACHED = 3;
/** Silence after which the round-trip key is written. */
const QUIET_MS = 5000;
/** Time that it has to come back. */
const ROUND_TRIP_MS = 10_000;
/** The longest deadline that a call can be given. */
export const MAX_CALL_MS = 60_000;
/** What a turn may take beside waiting and one call: a new stream, a busy machine. */
export const TURN_SLACK_MS = 5000;

/** A new stream goes on where the one before broke off: compare what is known with etcd at that revision. */
export interface Resumed {
  readonly resumedAt: string;
}

/**
 * Yields the changes of all keys with a prefix that came after a revision, in order, each once; and, after each
 * gap, where it was.
 *
 * @throws {WatchLostError} read a snapshot again.
 * @throws the signal's reason.
 */
export async function* watchAfter(
  etcd: Etcd3,
  prefix: string,
  revision: string,
  options: WatchOptions,
): AsyncGenerator<WatchEvent[] | Resumed> {
  const { signal, clock, onTrouble, onTurn } = options;
  const { quietMs = QUIET_MS, callTimeoutMs = MAX_CALL_MS } = options;
  let seen = BigInt(revision);
  let isFirst = true;
  let unattached = 0;
  let problem: unknown = null;
  while (true) {
    signal.throwIfAborted();
    if (unattached >= MAX_UNATTACHED) onTrouble(unattachedError(problem));
    await using stream = new WatchStream(etcd, prefix, seen, options);
    unattached++;
    const roundTrip = new RoundTrip(etcd, options);
    while (true) {
      const waitMs = roundTrip.pending ? roundTrip.leftMs : quietMs;
      onTurn?.(waitMs + callTimeoutMs + TURN_SLACK_MS);
      const item = await stream.take(waitMs);
      signal.throwIfAborted();
      if (stream.attached) unattached = 0;
      if (item === "broken") {
        problem = stream.problem;
        break;
      }
      if (item instanceof Error) throw item;
      if (item === "quiet") {
        if (!await roundTrip.check(seen)) break;
        continue;
      }
      if (item === "attached") {
        if (!isFirst) yield { resumedAt: String(seen) };
        continue;
      }
      roundTrip.cameBack();
      onTrouble(null);
      const events = item.events.filter(({ modRevision }) => BigInt(modRevision) > seen);
      if (events.length > 0) yield events;
      seen = BigInt(item.revision);
    }
    isFirst = false;
    await clock.sleep(RETRY_MS, signal);
  }
}

/** What the caller is told then. @param cause what ended the last one */
export function unattachedError(cause: unknown): Error {
  const times = `${MAX_UNATTACHED} times in a row`;
  return new Error(`etcd has not attached a watch ${times}`, cause ? { cause } : {});
}

/** The question whether a silent stream still lives. */
class RoundTrip {
  #askedAt: number | null = null;

  constructor(readonly etcd: Etcd3, readonly options: WatchOptions) {}

  get pending(): boolean {
    return this.#askedAt !== null;
  }

  /** Time left for the answer, ms. */
  get leftMs(): number {
    const { clock, roundTripMs = ROUND_TRIP_MS } = this.options;
    return Math.max(1, roundTripMs - (clock.monotonic() - (this.#askedAt ?? clock.monotonic())));
  }

  cameBack(): void {
    this.#askedAt = null;
  }

  /**
   * Writes the key, unless etcd is full; false when etcd does not take it, so that the stream must be made anew.
   *
   * @throws {WatchLostError} it was written and has not come back, or another etcd answers.
   */
  async check(seen: bigint): Promise<boolean> {
    const { clock, clusterId, roundTripKey, onTrouble, signal } = this.options;
    if (roundTripKey === null) return true;
    if (this.pending) {
      throw new WatchLostError("the stream is silent: what was written is not seen");
    }
    try {
      const value = `${clock.now()}:${crypto.randomUUID()}`;
      const { header } = await this.etcd.put(roundTripKey).value(value).exec();
      if (header.cluster_id !== clusterId) throw new WatchLostError("another etcd cluster answers");
      if (BigInt(header.revision) <= seen) {
        throw new WatchLostError(`etcd is back at revision ${header.revision}: a restored backup`);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WatchLostError) throw error;
      onTrouble(error);
      // A full etcd takes the key of no stream: a new one, and a snapshot for its gap, would tell nothing more.
      return isNoSpace(error);
    }
    onTrouble(null);
    this.#askedAt = clock.monotonic();
    return true;
  }
}
