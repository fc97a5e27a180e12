/**
 * A watch that resumes by our own rule: the next revision is that of the last event delivered plus
 * one. npm:etcd3's own resume moves past what it has delivered and loses events, so the watcher is
 * cancelled and made anew at the first sign of trouble.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { CompactedError } from "./client.ts";
import { prefixEnd } from "./snapshot.ts";

/** One change; `value` is null for a deletion. Revisions are decimal strings. */
export interface WatchEvent {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly modRevision: string;
}

/** Options of {@linkcode watchFrom}. */
export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Waits between two attempts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const RETRY_MS = 500;
const CREATE_MS = 5000;

type Item = WatchEvent[] | Error | "broken";

/**
 * Yields the changes of all keys with a prefix from a revision on, in order, each once.
 *
 * @throws {CompactedError} the revision is behind a compaction: read a snapshot again.
 * @throws the signal's reason.
 */
export async function* watchFrom(
  etcd: Etcd3,
  prefix: string,
  fromRevision: string,
  { signal, sleep }: WatchOptions,
): AsyncGenerator<WatchEvent[]> {
  let next = BigInt(fromRevision);
  while (true) {
    signal.throwIfAborted();
    await using stream = openStream(etcd, prefix, String(next), signal);
    while (true) {
      const item = await stream.take();
      if (item === "broken") break;
      if (item instanceof Error) {
        // etcd 3.4 gives no reason when it cancels for a compaction; a snapshot is right for any.
        if (/compacted|Watcher canceled/.test(item.message)) throw new CompactedError(item.message);
        signal.throwIfAborted();
        break;
      }
      yield item;
      next = BigInt(item.at(-1)!.modRevision) + 1n;
    }
    await sleep(RETRY_MS, signal);
  }
}

/** One watcher as a queue; it is never used again after trouble. */
function openStream(etcd: Etcd3, prefix: string, revision: string, signal: AbortSignal) {
  const queue: Item[] = [];
  let wake = () => {};
  const put = (item: Item) => {
    queue.push(item);
    wake();
  };
  const builder = etcd.watch().inRange({ start: prefix, end: prefixEnd(prefix) });
  const watcher = builder.startRevision(revision).watcher();
  const onAbort = () => put(new Error("aborted"));
  signal.addEventListener("abort", onAbort, { once: true });
  watcher.on("data", (data) => {
    const events = data.events.map((event) => ({
      key: event.kv.key.toString(),
      value: event.type === "Delete" ? null : event.kv.value,
      modRevision: event.kv.mod_revision,
    }));
    if (events.length > 0) put(events);
  });
  watcher.on("error", put);
  watcher.on("disconnected", () => put("broken"));
  const connected = new Promise<void>((resolve) => watcher.on("connected", () => resolve()));
  const late = setTimeout(() => put("broken"), CREATE_MS);
  connected.then(() => clearTimeout(late));
  return {
    async take(): Promise<Item> {
      while (queue.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return queue.shift()!;
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(late);
      signal.removeEventListener("abort", onAbort);
      watcher.on("error", () => {});
      // An abandoned watcher's cancel may wait for a connection that never comes.
      await Promise.race([
        watcher.cancel().catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, 200)),
      ]);
    },
  };
}
