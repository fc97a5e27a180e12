/**
 * Reads that are asked for in the same moment go to the KV file as one: each trip costs a thread's wake-up
 * and a transaction, however few keys it reads. They also see one state of the file.
 *
 * @module
 */
import type { Kv } from "./kv_deadline.ts";

/** Keys that Deno KV takes in one call. */
const MAX_KEYS = 10;

interface Waiting {
  readonly key: Deno.KvKey;
  readonly answer: PromiseWithResolvers<Deno.KvEntryMaybe<unknown>>;
}

/** The same database. */
export function batchReads(kv: Kv): Kv {
  let waiting: Waiting[] = [];
  const flush = () => {
    const all = waiting;
    waiting = [];
    for (let i = 0; i < all.length; i += MAX_KEYS) readAll(kv, all.slice(i, i + MAX_KEYS));
  };
  return {
    ...kv,
    get(key: Deno.KvKey) {
      const answer = Promise.withResolvers<Deno.KvEntryMaybe<unknown>>();
      if (waiting.push({ key, answer }) === 1) queueMicrotask(flush);
      return answer.promise;
    },
  } as Kv;
}

async function readAll(kv: Kv, batch: readonly Waiting[]): Promise<void> {
  try {
    const entries = batch.length === 1
      ? [await kv.get(batch[0]!.key)]
      : await kv.getMany(batch.map(({ key }) => key));
    batch.forEach(({ answer }, i) => answer.resolve(entries[i]!));
  } catch (error) {
    for (const { answer } of batch) answer.reject(error);
  }
}
