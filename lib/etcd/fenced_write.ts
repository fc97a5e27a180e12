/**
 * Compare-and-swap writes under the leadership fence (`fence.ts`): a master that was paused and wakes up
 * cannot write one byte, whatever the clocks say.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, ICompare, IRequestOp } from "etcd3";
import type { Term } from "../role/master_context.ts";
import { isNoSpace, isTooLarge } from "./call_errors.ts";
import { FENCE_COMPARES, fenced, fencedIf, throwIfObserver } from "./fence.ts";

/** One change of one key; it lands only when the key is still at `modRevision` (`"0"`: absent). */
export interface WriteOperation {
  readonly key: string;
  /** The key's bytes, when they are no UTF-8: then `key` only shows it. */
  readonly keyBytes?: Uint8Array;
  /** The new value, or null to delete. */
  readonly value: string | null;
  readonly modRevision: string;
  /** Operations of one group are spread over transactions, e.g. the endpoints of one host. */
  readonly group: string;
}

/** etcd's default limit counts the compares of a transaction, its writes or its reads, whichever are most. */
const ETCD_LIMIT = 128;
/** Operations in one transaction: each is also a compare, beside those of the fence. */
export const MAX_OPERATIONS = ETCD_LIMIT - FENCE_COMPARES;
/** Operations of one group in one transaction: more in one revision is hard on other readers. */
export const MAX_PER_GROUP = 4;
const IN_FLIGHT = 4;
/** Transactions in flight while they are small: what each of them takes is a turn of etcd's disk, whatever its size. */
const SMALL_IN_FLIGHT = 16;
/** Bytes that those in flight have together then. */
const SMALL_BYTES = 128 * 1024;
/** More waiting operations than this make {@linkcode FencedWriter.add} wait. */
const MAX_WAITING = 2000;
/** More bytes in waiting operations than this do so too. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/**
 * Bytes of one transaction, about. etcd takes 1.5 MiB by default (`--max-request-bytes`); a value that alone
 * is larger than this goes alone.
 */
export const MAX_BATCH_BYTES = 1024 * 1024;
/** Bytes of an operation beside its value and its key, which is sent twice. */
const OVERHEAD_BYTES = 64;

/** About how many bytes an operation takes in a transaction. */
function bytesOf({ key, value }: WriteOperation): number {
  // Texts are ASCII but for names that people gave, of which at most 255 characters are shown.
  return 2 * key.length + (value?.length ?? 0) + OVERHEAD_BYTES;
}

/**
 * Lands one batch whole or not at all; false: a conflict, a key has changed meanwhile. The request is built by
 * hand: the library's builders make three promises for each key, which is most of a large batch's time.
 */
async function commit(etcd: Etcd3, term: Term, batch: readonly WriteOperation[]): Promise<boolean> {
  const compare: ICompare[] = [];
  const success: IRequestOp[] = [];
  for (const { key: name, keyBytes, value, modRevision } of batch) {
    const key = keyBytes ? Buffer.from(keyBytes) : Buffer.from(name);
    compare.push({ key, result: "Equal", target: "Mod", mod_revision: modRevision });
    success.push(
      value === null
        ? { request_delete_range: { key } }
        : { request_put: { key, value: Buffer.from(value) } },
    );
  }
  return await fencedIf(etcd, term, compare, success) !== null;
}

/**
 * Takes operations one by one and writes them in batches, several in flight. A batch in which a key has
 * changed is tried again operation by operation; what still fails is in `conflicts`.
 */
export class FencedWriter<T extends WriteOperation = WriteOperation> {
  /** Operations whose key has changed: read it again and decide afresh. */
  readonly conflicts: T[] = [];
  /** Operations that etcd does not take for their size. */
  readonly tooLarge: T[] = [];
  /** Writes, no deletions, that a full etcd did not take. */
  readonly refused: T[] = [];
  /** What a full etcd said; since then only deletions are sent. */
  full: Error | null = null;
  readonly #waiting = new Map<string, T[]>();
  #count = 0;
  /** Bytes of the operations that wait. */
  #bytes = 0;
  #inFlight = 0;
  #bytesInFlight = 0;
  #flushing = false;
  #error: unknown = null;
  #changed = Promise.withResolvers<void>();

  /**
   * @param deletesWhenFull goes on when etcd is full, with what that takes: the caller looks at `full`.
   * @throws {TypeError} for an observer's term.
   */
  constructor(
    readonly etcd: Etcd3,
    readonly term: Term,
    readonly onBatch: () => void = () => {},
    readonly deletesWhenFull = false,
  ) {
    throwIfObserver(term);
  }

  /**
   * Takes one; null: there is room for more, else wait until there is. So nothing is paid for waiting where nobody
   * has to. @throws {FenceLostError} another node leads.
   */
  add(operation: T): Promise<void> | null {
    this.#throwIfOver();
    const group = this.#waiting.get(operation.group);
    if (group) group.push(operation);
    else this.#waiting.set(operation.group, [operation]);
    this.#count++;
    this.#bytes += bytesOf(operation);
    this.#pump();
    return this.#hasTooMany() ? this.#roomForMore() : null;
  }

  #hasTooMany(): boolean {
    return this.#count > MAX_WAITING || this.#bytes > MAX_WAITING_BYTES;
  }

  async #roomForMore(): Promise<void> {
    while (this.#hasTooMany()) {
      await this.#changed.promise;
      this.#throwIfOver();
    }
  }

  /** Resolves when everything is written. @throws {FenceLostError} another node leads. */
  async flush(): Promise<void> {
    this.#flushing = true;
    this.#pump();
    while (this.#inFlight > 0 || (this.#count > 0 && this.#error === null)) {
      await this.#changed.promise;
    }
    this.#flushing = false;
    this.#throwIfOver();
  }

  #throwIfOver(): void {
    if (this.#error !== null) throw this.#error;
    this.term.signal.throwIfAborted();
  }

  #pump(): void {
    while (this.#hasRoom() && this.#error === null && this.#count > 0) {
      const full = this.#count >= MAX_OPERATIONS || this.#bytes >= MAX_BATCH_BYTES;
      if (!this.#flushing && !full) return;
      const waiting = this.#bytes;
      const batch = this.#take();
      const bytes = waiting - this.#bytes;
      this.#inFlight++;
      this.#bytesInFlight += bytes;
      this.#write(batch).catch((error) => this.#error ??= error).finally(() => {
        this.#inFlight--;
        this.#bytesInFlight -= bytes;
        const { resolve } = this.#changed;
        this.#changed = Promise.withResolvers();
        resolve();
        this.#pump();
      });
    }
  }

  /** Whether another transaction may be sent. */
  #hasRoom(): boolean {
    if (this.#inFlight < IN_FLIGHT) return true;
    return this.#inFlight < SMALL_IN_FLIGHT && this.#bytesInFlight < SMALL_BYTES;
  }

  /** A batch with few operations of each group; what is left of a group goes behind the others. */
  #take(): T[] {
    const batch: T[] = [];
    let bytes = 0;
    const left: [string, T[]][] = [];
    for (const [group, operations] of this.#waiting) {
      const room = MAX_OPERATIONS - batch.length;
      if (room === 0 || bytes >= MAX_BATCH_BYTES) break;
      const most = group === "" ? room : Math.min(room, MAX_PER_GROUP);
      let count = 0;
      while (count < Math.min(most, operations.length)) {
        const size = bytesOf(operations[count]!);
        if (bytes + size > MAX_BATCH_BYTES && batch.length + count > 0) break;
        bytes += size;
        count++;
      }
      if (count === 0) break;
      batch.push(...operations.splice(0, count));
      this.#waiting.delete(group);
      if (operations.length > 0) left.push([group, operations]);
    }
    for (const [group, operations] of left) this.#waiting.set(group, operations);
    this.#count -= batch.length;
    this.#bytes -= bytes;
    return batch;
  }

  async #write(batch: T[]): Promise<void> {
    this.term.signal.throwIfAborted();
    if (this.full !== null) return await this.#writeDeletions(batch);
    try {
      if (!await commit(this.etcd, this.term, batch)) await this.#writeEach(batch);
    } catch (error) {
      if (this.deletesWhenFull && isNoSpace(error)) {
        this.full ??= error as Error;
        return await this.#writeDeletions(batch);
      }
      if (!isTooLarge(error)) throw error;
      if (batch.length === 1) this.tooLarge.push(batch[0]!);
      else {
        const half = Math.ceil(batch.length / 2);
        for (const some of [batch.slice(0, half), batch.slice(half)]) await this.#write(some);
      }
    }
    this.onBatch();
  }

  async #writeDeletions(batch: T[]): Promise<void> {
    this.refused.push(...batch.filter(({ value }) => value !== null));
    const deletions = batch.filter(({ value }) => value === null);
    if (deletions.length > 0 && !await commit(this.etcd, this.term, deletions)) {
      await this.#writeEach(deletions);
    }
    this.onBatch();
  }

  /** A key of the batch has changed: the others are written all the same, each with a fate of its own. */
  async #writeEach(batch: T[]): Promise<void> {
    if (batch.length === 1) this.conflicts.push(batch[0]!);
    else for (const operation of batch) await this.#write([operation]);
  }
}

/**
 * Writes all operations; `onBatch` is called with each batch written.
 *
 * @returns those that were not written: their key has changed, or etcd does not take them for their size.
 * @throws {FenceLostError} another node leads; nothing more is written.
 */
export async function writeFenced<T extends WriteOperation>(
  etcd: Etcd3,
  term: Term,
  operations: readonly T[],
  onBatch?: () => void,
): Promise<T[]> {
  const writer = new FencedWriter<T>(etcd, term, onBatch);
  for (const operation of operations) await writer.add(operation);
  await writer.flush();
  return [...writer.conflicts, ...writer.tooLarge];
}

/**
 * Those of the keys that exist, as they are now, read under the fence with several transactions in flight. An
 * observer reads without the fence.
 *
 * @throws {FenceLostError} another node leads.
 */
export async function readFenced(
  etcd: Etcd3,
  term: Term,
  keys: readonly string[],
): Promise<Map<string, { value: Uint8Array; modRevision: string }>> {
  const found = new Map<string, { value: Uint8Array; modRevision: string }>();
  let next = 0;
  const read = async () => {
    while (next < keys.length) {
      term.signal.throwIfAborted();
      const batch = keys.slice(next, next += MAX_OPERATIONS);
      const success = batch.map((key) => ({ request_range: { key: Buffer.from(key) } }));
      const { responses } = await fenced(etcd, term, success);
      for (const { response_range } of responses) {
        for (const kv of response_range?.kvs ?? []) {
          found.set(kv.key.toString(), { value: kv.value, modRevision: kv.mod_revision });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, read));
  return found;
}
