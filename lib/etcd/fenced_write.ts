/**
 * Compare-and-swap writes under the leadership fence: every transaction also compares the election
 * key's create revision with the term, so that a master that was paused and wakes up cannot write one
 * byte, whatever the clocks say.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Term } from "../master_context.ts";
import { FenceLostError } from "./client.ts";

/** One change of one key; it lands only when the key is still at `modRevision` (`"0"`: absent). */
export interface WriteOperation {
  readonly key: string;
  /** The new value, or null to delete. */
  readonly value: string | null;
  readonly modRevision: string;
  /** Operations of one group are spread over transactions, e.g. the endpoints of one host. */
  readonly group: string;
}

/** etcd's default limit of operations in one transaction, less the fence. */
export const MAX_OPERATIONS = 127;
/** Operations of one group in one transaction: more in one revision is hard on other readers. */
export const MAX_PER_GROUP = 4;
const IN_FLIGHT = 4;

/** Batches in the order of the operations, spread so that a group has few in each. */
export function batches(operations: readonly WriteOperation[]): WriteOperation[][] {
  const done: WriteOperation[][] = [];
  let waiting = [...operations];
  while (waiting.length > 0) {
    const batch: WriteOperation[] = [];
    const later: WriteOperation[] = [];
    const perGroup = new Map<string, number>();
    for (const operation of waiting) {
      const count = perGroup.get(operation.group) ?? 0;
      const fits = batch.length < MAX_OPERATIONS &&
        (operation.group === "" || count < MAX_PER_GROUP);
      if (fits) {
        batch.push(operation);
        perGroup.set(operation.group, count + 1);
      } else later.push(operation);
    }
    done.push(batch);
    waiting = later;
  }
  return done;
}

/** Lands one batch whole or not at all; false when a key has changed meanwhile. */
async function commit(etcd: Etcd3, term: Term, batch: readonly WriteOperation[]): Promise<boolean> {
  const fence = etcd.if(term.electionKey, "Create", "==", Number(term.term));
  const guarded = batch.reduce(
    (txn, { key, modRevision }) => txn.and(key, "Mod", "==", Number(modRevision)),
    fence,
  );
  const answer = await guarded
    .then(
      ...batch.map(({ key, value }) =>
        value === null ? etcd.delete().key(key) : etcd.put(key).value(value)
      ),
    )
    .else(etcd.get(term.electionKey))
    .commit();
  if (answer.succeeded) return true;
  const key = answer.responses[0]?.response_range?.kvs[0];
  if (key?.create_revision !== term.term) throw new FenceLostError(term.term);
  return false;
}

/**
 * Writes all operations, several batches in flight; a batch in which a key has changed is tried again
 * operation by operation.
 *
 * @returns the operations whose key has changed: the caller reads it again and decides afresh.
 * @throws {FenceLostError} another node leads; nothing more is written.
 */
export async function writeFenced(
  etcd: Etcd3,
  term: Term,
  operations: readonly WriteOperation[],
  onBatch: () => void = () => {},
): Promise<WriteOperation[]> {
  const queue = batches(operations);
  const conflicts: WriteOperation[] = [];
  let failed = false;
  const worker = async () => {
    for (let batch = queue.shift(); batch && !failed; batch = queue.shift()) {
      term.signal.throwIfAborted();
      try {
        if (!await commit(etcd, term, batch)) {
          for (const operation of batch) {
            const alone = batch.length > 1 && await commit(etcd, term, [operation]);
            if (!alone) conflicts.push(operation);
          }
        }
      } catch (error) {
        failed = true;
        throw error;
      }
      onBatch();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return conflicts;
}
