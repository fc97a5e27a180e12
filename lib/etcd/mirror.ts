/**
 * Follows all keys with a prefix: a snapshot, then a watch from the next revision; after a compaction
 * a snapshot again, of which exactly the differences are passed on, vanished keys included. No change
 * of a key is lost, none is invented, none is out of order. What is remembered per key is its last
 * revision alone.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Clock } from "../clock.ts";
import { CompactedError } from "./client.ts";
import { readSnapshot } from "./snapshot.ts";
import { watchFrom } from "./watch.ts";

/** A key's newest state; `value` is null when it is gone. */
export interface Change {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly modRevision: string;
  /** Seen as it happened, rather than found in a snapshot. */
  readonly live: boolean;
}

/** What {@linkcode mirror} needs. */
export interface MirrorOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Keys that are followed; others are dropped before anything else. */
  wants(key: string): boolean;
  /** Called when etcd does not answer, with the error; null once it does. */
  onTrouble(error: unknown): void;
}

const RETRY_MS = 1000;

/** Yields batches of changes until the signal aborts (then throws its reason). */
export async function* mirror(
  etcd: Etcd3,
  prefix: string,
  options: MirrorOptions,
): AsyncGenerator<Change[]> {
  const { signal, clock, wants, onTrouble } = options;
  const known = new Map<string, string>();
  while (true) {
    signal.throwIfAborted();
    try {
      const snapshot = await readSnapshot(etcd, prefix, { signal });
      onTrouble(null);
      const items = snapshot.items.filter(({ key }) => wants(key));
      const present = new Set(items.map(({ key }) => key));
      const vanished = [...known.keys()].filter((key) => !present.has(key));
      const changes: Change[] = items
        .filter(({ key, modRevision }) => known.get(key) !== modRevision)
        .map(({ key, value, modRevision }) => ({ key, value, modRevision, live: false }));
      for (const key of vanished) {
        known.delete(key);
        changes.push({ key, value: null, modRevision: snapshot.revision, live: false });
      }
      for (const { key, modRevision } of items) known.set(key, modRevision);
      yield changes;
      const from = String(BigInt(snapshot.revision) + 1n);
      for await (const events of watchFrom(etcd, prefix, from, { signal, sleep: clock.sleep })) {
        const wanted = events.filter(({ key }) => wants(key));
        for (const { key, value, modRevision } of wanted) {
          if (value === null) known.delete(key);
          else known.set(key, modRevision);
        }
        if (wanted.length > 0) yield wanted.map((event) => ({ ...event, live: true }));
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CompactedError)) {
        onTrouble(error);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }
}
