/**
 * Follows all keys with a prefix: a snapshot, then a watch from the next revision; when the watch is
 * lost, a snapshot again, of which exactly the differences are passed on, vanished keys included. No
 * change of a key is lost, none is invented, none is out of order. What is remembered per key is its
 * last revision alone.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { CompactedError } from "./client.ts";
import { snapshotPages } from "./snapshot.ts";
import {
  MAX_CALL_MS,
  TURN_SLACK_MS,
  watchFrom,
  WatchLostError,
  type WatchOptions,
} from "./watch.ts";

/** A key's newest state; `value` is null when it is gone. */
export interface Change {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly modRevision: string;
  /** Seen as it happened, rather than found in a snapshot. */
  readonly live: boolean;
}

/** What {@linkcode mirror} needs. */
export interface MirrorOptions extends Omit<WatchOptions, "clusterId"> {
  /** A snapshot is about to be read again, and why. */
  onLost?(reason: string): void;
}

const RETRY_MS = 1000;

/** Yields batches of changes until the signal aborts (then throws its reason). */
export async function* mirror(
  etcd: Etcd3,
  prefix: string,
  options: MirrorOptions,
): AsyncGenerator<Change[]> {
  const { signal, clock, onTrouble, onLost } = options;
  const known = new Known();
  while (true) {
    signal.throwIfAborted();
    options.onTurn?.(pageMs(options));
    try {
      const snapshot = yield* known.readAgain(etcd, prefix, options);
      onTrouble(null);
      const from = String(BigInt(snapshot.revision) + 1n);
      const { clusterId } = snapshot;
      for await (const events of watchFrom(etcd, prefix, from, { ...options, clusterId })) {
        known.follow(events);
        yield events.map((event) => ({ ...event, live: true }));
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WatchLostError || error instanceof CompactedError) {
        onLost?.(error.message);
      } else {
        onTrouble(error);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }
}

/** The longest time until the next page has come, or has failed and is tried again, ms. */
function pageMs({ callTimeoutMs = MAX_CALL_MS }: MirrorOptions): number {
  return callTimeoutMs + TURN_SLACK_MS;
}

/** The last revision of every key that was passed on. */
class Known {
  #revisions = new Map<string, string>();
  #clusterId: string | null = null;

  follow(events: readonly { key: string; value: unknown; modRevision: string }[]): void {
    for (const { key, value, modRevision } of events) {
      if (value === null) this.#revisions.delete(key);
      else this.#revisions.set(key, modRevision);
    }
  }

  /** Reads a snapshot, yields how it differs, page by page, and returns where it stands. */
  async *readAgain(
    etcd: Etcd3,
    prefix: string,
    options: MirrorOptions,
  ): AsyncGenerator<Change[], { revision: string; clusterId: string }> {
    const { wants, signal, onTurn } = options;
    const present = new Map<string, string>();
    let at = { revision: "0", clusterId: "" };
    try {
      for await (const page of snapshotPages(etcd, prefix, { wants, signal })) {
        at = page;
        onTurn?.(pageMs(options));
        // A revision of another cluster says nothing about this one: every key counts as changed.
        const same = this.#clusterId === page.clusterId;
        const changes: Change[] = [];
        for (const { key, value, modRevision } of page.items) {
          present.set(key, modRevision);
          if (same && this.#revisions.get(key) === modRevision) continue;
          changes.push({ key, value, modRevision, live: false });
        }
        if (changes.length > 0) yield changes;
      }
    } catch (error) {
      // What was passed on already is known, though not all has been read.
      for (const [key, modRevision] of present) this.#revisions.set(key, modRevision);
      throw error;
    }
    const vanished: Change[] = [];
    for (const key of this.#revisions.keys()) {
      if (present.has(key)) continue;
      vanished.push({ key, value: null, modRevision: at.revision, live: false });
    }
    this.#revisions = present;
    this.#clusterId = at.clusterId;
    if (vanished.length > 0) yield vanished;
    return at;
  }
}
