/**
 * The leadership fence: what every write of a master-only job compares, so that a master that was
 * paused and wakes up cannot write one byte, whatever the clocks say.
 *
 * A term is identified by the election key's create revision together with its value. The revision alone is
 * not enough: a state file that was copied from another node carries that node's, and an etcd that was
 * restored from a backup gives revisions out again.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, ICompare, IRequestOp, ITxnResponse } from "etcd3";
import type { Term } from "../role/master_context.ts";
import { FenceLostError } from "./client.ts";

/** What identifies a term in etcd. */
export type FencedTerm = Pick<Term, "term" | "id" | "electionKey" | "observer">;

/** Compares of the fence in one transaction. */
export const FENCE_COMPARES = 2;

/** The compares for a term; none for an observer, which leads nothing and may write nothing. */
export function fence({ electionKey, term, id, observer }: FencedTerm): ICompare[] {
  if (observer) return [];
  const key = Buffer.from(electionKey);
  return [
    { key, result: "Equal", target: "Create", create_revision: term },
    { key, result: "Equal", target: "Value", value: Buffer.from(id) },
  ];
}

/** Reads the election key, for a transaction's `failure` branch: whether it failed for the fence. */
export function readFence({ electionKey }: FencedTerm): IRequestOp {
  return { request_range: { key: Buffer.from(electionKey) } };
}

/** @throws {FenceLostError} the election key has another create revision or value, or is gone. */
function throwIfFenceLost(
  { term, id }: FencedTerm,
  { responses }: Pick<ITxnResponse, "responses">,
): void {
  const key = responses[0]?.response_range?.kvs[0];
  const same = key?.create_revision === term && Buffer.from(id).equals(key.value);
  if (!same) throw new FenceLostError(term, id);
}

/**
 * A transaction under a term's fence; null: a conflict, something else that it compares has changed.
 *
 * @param compare what is compared beside the fence
 * @throws {FenceLostError} the term is over; nothing is done.
 */
export async function fencedIf(
  etcd: Etcd3,
  term: FencedTerm,
  compare: readonly ICompare[],
  success: IRequestOp[],
): Promise<ITxnResponse | null> {
  const answer = await etcd.kv.txn({
    compare: [...fence(term), ...compare],
    success,
    failure: [readFence(term)],
  });
  if (answer.succeeded) return answer;
  throwIfFenceLost(term, answer);
  return null;
}

/** A transaction that compares the fence alone. @throws {FenceLostError} as {@linkcode fencedIf}. */
export async function fenced(
  etcd: Etcd3,
  term: FencedTerm,
  success: IRequestOp[],
): Promise<ITxnResponse> {
  const answer = await fencedIf(etcd, term, [], success);
  if (answer === null) throw new FenceLostError(term.term, term.id);
  return answer;
}

/** @throws {TypeError} the term is an observer's: a fault of the program, not of the cloud. */
export function throwIfObserver({ observer }: FencedTerm): void {
  if (observer) throw new TypeError("an observer does not lead and may not write to etcd");
}
