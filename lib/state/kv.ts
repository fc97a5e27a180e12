/**
 * Deno KV as the state store uses it. Every call has a deadline: a disk that hangs is an error, not a wait
 * without end. Reads that are asked for in the same moment go to the file as one: each trip costs a thread's
 * wake-up and a transaction, however few keys it reads. They also see one state of the file.
 *
 * @module
 */
import { deadline } from "../base/deadline.ts";

/** What the state store uses of a KV database. */
export interface Kv extends Pick<Deno.Kv, "get" | "set" | "delete" | "atomic" | "close"> {
  list(
    selector: Deno.KvListSelector,
    options?: Deno.KvListOptions,
  ): AsyncIterableIterator<Deno.KvEntry<unknown>>;
}

/** A database as it was opened. */
export type OpenedKv = Kv & Pick<Deno.Kv, "getMany">;

/** A call's deadline, ms. Far above what a loaded disk takes; six processes writing in tight loops wait up to 1.2 s. */
export const KV_DEADLINE_MS = 5000;
/** Keys that Deno KV takes in one call. */
const MAX_KEYS = 10;

/** The file did not answer in time; a write may still land. */
export class KvTimeoutError extends Error {
  override readonly name = "KvTimeoutError";
  constructor(ms: number) {
    super(`the state file does not answer within ${ms / 1000} s: is its disk all right?`);
  }
}

interface Waiting {
  readonly key: Deno.KvKey;
  readonly answer: PromiseWithResolvers<Deno.KvEntryMaybe<unknown>>;
}

/**
 * The same database, whose calls reject with a {@linkcode KvTimeoutError} when they take too long, and whose
 * `get` reads what is asked for in one moment at once.
 */
export function batchedInTime(kv: OpenedKv): Kv {
  let waiting: Waiting[] = [];
  const flush = () => {
    const all = waiting;
    waiting = [];
    for (let i = 0; i < all.length; i += MAX_KEYS) readAll(kv, all.slice(i, i + MAX_KEYS));
  };
  return {
    get(key: Deno.KvKey) {
      const answer = Promise.withResolvers<Deno.KvEntryMaybe<unknown>>();
      if (waiting.push({ key, answer }) === 1) queueMicrotask(flush);
      return answer.promise;
    },
    set: (...args) => inTime(kv.set(...args)),
    delete: (...args) => inTime(kv.delete(...args)),
    atomic() {
      const operation = kv.atomic();
      const commit = operation.commit.bind(operation);
      operation.commit = () => inTime(commit());
      return operation;
    },
    list: (...args) => entries(kv.list(...args)),
    close: () => kv.close(),
  } as Kv;
}

async function readAll(kv: OpenedKv, batch: readonly Waiting[]): Promise<void> {
  try {
    const entries = batch.length === 1
      ? [await inTime(kv.get(batch[0]!.key))]
      : await inTime(kv.getMany(batch.map(({ key }) => key)));
    batch.forEach(({ answer }, i) => answer.resolve(entries[i]!));
  } catch (error) {
    for (const { answer } of batch) answer.reject(error);
  }
}

async function* entries<T>(list: AsyncIterableIterator<T>): AsyncGenerator<T> {
  while (true) {
    const { value, done } = await inTime(list.next());
    if (done) return;
    yield value;
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return deadline(work, KV_DEADLINE_MS, () => {
    throw new KvTimeoutError(KV_DEADLINE_MS);
  });
}
