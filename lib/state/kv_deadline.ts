/** Deno KV with a deadline on every call: a disk that hangs is an error, not a wait without end. @module */
import { deadline } from "../base/deadline.ts";

/** What the state store uses of a KV database. */
export interface Kv
  extends Pick<Deno.Kv, "get" | "getMany" | "set" | "delete" | "atomic" | "close"> {
  list(
    selector: Deno.KvListSelector,
    options?: Deno.KvListOptions,
  ): AsyncIterableIterator<Deno.KvEntry<unknown>>;
}

/** Far above what a loaded disk takes; six processes writing in tight loops wait up to 1.2 s. */
const DEADLINE_MS = 5000;

/** The file did not answer in time; a write may still land. */
export class KvTimeoutError extends Error {
  override readonly name = "KvTimeoutError";
  constructor(ms: number) {
    super(`the state file does not answer within ${ms / 1000} s: is its disk all right?`);
  }
}

/** The same database, whose calls reject with a {@linkcode KvTimeoutError} when they take too long. */
export function withDeadline(kv: Kv, ms = DEADLINE_MS): Kv {
  return {
    get: (...args: Parameters<Deno.Kv["get"]>) => inTime(kv.get(...args), ms),
    getMany: (...args: Parameters<Deno.Kv["getMany"]>) => inTime(kv.getMany(...args), ms),
    set: (...args) => inTime(kv.set(...args), ms),
    delete: (...args) => inTime(kv.delete(...args), ms),
    atomic() {
      const operation = kv.atomic();
      const commit = operation.commit.bind(operation);
      operation.commit = () => inTime(commit(), ms);
      return operation;
    },
    list: (...args) => entries(kv.list(...args), ms),
    close: () => kv.close(),
  } as Kv;
}

async function* entries<T>(list: AsyncIterableIterator<T>, ms: number): AsyncGenerator<T> {
  while (true) {
    const { value, done } = await inTime(list.next(), ms);
    if (done) return;
    yield value;
  }
}

function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return deadline(work, ms, () => {
    throw new KvTimeoutError(ms);
  });
}
