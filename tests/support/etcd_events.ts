/**
 * What happens to keys in etcd, as a test sees it: a stream of its own for each watch. (The watchers of
 * npm:etcd3 share one; when one of them ends while a change is on its way, the library rejects a promise
 * that nobody holds, which ends the test run.)
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, IWatchResponse } from "etcd3";

/** One change of one key. */
export interface KeyEvent {
  readonly type: "Put" | "Delete";
  readonly key: string;
  /** Empty for a deletion. */
  readonly value: string;
  /** Decimal. */
  readonly modRevision: string;
}

/**
 * Calls back for each change of a key with that prefix (not empty), in order; resolves when etcd has
 * attached the watch. Dispose of it to end it.
 *
 * @param from the first revision; by default what comes from now on.
 */
export async function watchKeys(
  etcd: Etcd3,
  prefix: string,
  onEvent: (event: KeyEvent) => void,
  from = "0",
): Promise<AsyncDisposable> {
  const attached = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const stream = await etcd.watchClient.watch();
  stream.on("data", ({ created, events }: IWatchResponse) => {
    if (created) attached.resolve();
    for (const { type, kv } of events) {
      onEvent({
        type: String(type).toUpperCase() === "DELETE" ? "Delete" : "Put",
        key: kv.key.toString(),
        value: kv.value.toString(),
        modRevision: kv.mod_revision,
      });
    }
  });
  stream.on("error", (error) => {
    attached.reject(error);
    ended.resolve();
  });
  stream.on("end", () => {
    attached.reject(new Error("etcd has ended the watch"));
    ended.resolve();
  });
  const end = Buffer.from(prefix);
  end[end.length - 1]!++;
  stream.write({
    create_request: { key: Buffer.from(prefix), range_end: end, start_revision: from },
  });
  await attached.promise;
  return {
    async [Symbol.asyncDispose]() {
      stream.cancel();
      await ended.promise;
    },
  };
}
