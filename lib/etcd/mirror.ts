/**
 * Follows all keys with a prefix: a snapshot, then a watch of what comes after it. When the watch is
 * lost, a snapshot is read again, and exactly its differences are passed on, vanished keys included. After a
 * gap that the watch can bridge, etcd is compared as it is now said to have been at the gap: a backup that was
 * restored meanwhile has another history up to there. No change of a key is lost, invented or out of order.
 * Only the last revision of each key and a hash of its value are remembered.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { PackedIndex } from "../packed/packed_index.ts";
import { CompactedError } from "./client.ts";
import { snapshotPages } from "./snapshot.ts";
import {
  MAX_CALL_MS,
  TURN_SLACK_MS,
  watchAfter,
  type WatchEvent,
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
      const { revision, clusterId } = snapshot;
      for await (const news of watchAfter(etcd, prefix, revision, { ...options, clusterId })) {
        if ("resumedAt" in news) {
          yield* known.readAgain(etcd, prefix, options, news.resumedAt);
          continue;
        }
        known.follow(news);
        yield news.map((event) => ({ ...event, live: true }));
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

/** The last state of every key that was passed on, packed: its revision, and a hash of its value. */
class Known {
  readonly #index = new PackedIndex(2);
  readonly #revisions = this.#index.column(Float64Array);
  readonly #hashes = this.#index.column(Uint32Array);
  /** 1: the snapshot that is being read has shown the key; keys that stay at 0 have vanished. */
  readonly #shown = this.#index.column(Uint8Array);
  #clusterId: string | null = null;

  follow(events: readonly WatchEvent[]): void {
    for (const { key, value, modRevision } of events) {
      if (value !== null) {
        this.#see(key, value, Number(modRevision));
        continue;
      }
      const row = this.#index.find(key);
      if (row >= 0) this.#index.remove(row);
    }
  }

  /**
   * Reads a snapshot, the newest or that of a revision, yields how it differs, page by page, and returns
   * where it stands.
   */
  async *readAgain(
    etcd: Etcd3,
    prefix: string,
    options: MirrorOptions,
    revision?: string,
  ): AsyncGenerator<Change[], { revision: string; clusterId: string }> {
    const { wants, signal, onTurn } = options;
    let at = { revision: "0", clusterId: "" };
    for (const row of this.#index.rows()) this.#shown.values[row] = 0;
    for await (const page of snapshotPages(etcd, prefix, { wants, signal, revision })) {
      at = page;
      onTurn?.(pageMs(options));
      // A revision of another cluster says nothing about this one: every key counts as changed.
      const same = this.#clusterId === page.clusterId;
      const changes: Change[] = [];
      for (const { key, value, modRevision } of page.items) {
        if (this.#see(key, value, Number(modRevision)) && same) continue;
        changes.push({ key, value, modRevision, live: false });
      }
      // Each page is passed on at once: what was passed on is known, even if the next page cannot be read.
      if (changes.length > 0) yield changes;
    }
    this.#clusterId = at.clusterId;
    const vanished: Change[] = [];
    for (const row of this.#index.rows()) {
      if (this.#shown.values[row] === 1) continue;
      const key = this.#index.text(row);
      vanished.push({ key, value: null, modRevision: at.revision, live: false });
      this.#index.remove(row);
    }
    if (vanished.length > 0) yield vanished;
    return at;
  }

  /** Whether the key was known in that state. */
  #see(key: string, value: Uint8Array, revision: number): boolean {
    const row = this.#index.add(key);
    const hash = hashOf(value);
    const known = this.#revisions.values[row] === revision && this.#hashes.values[row] === hash;
    this.#revisions.values[row] = revision;
    this.#hashes.values[row] = hash;
    this.#shown.values[row] = 1;
    return known;
  }
}

/** FNV-1a, 32 bits: two histories may have written a key at the same revision. */
function hashOf(value: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of value) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
