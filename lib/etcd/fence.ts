/**
 * The leadership fence: what every write of a master-only job compares, so that a master that was
 * paused and wakes up cannot write one byte, whatever the clocks say.
 *
 * A term is told by the election key's create revision together with its value. The revision alone is
 * not enough: a state file that was copied from another node carries that node's, and an etcd that was
 * restored from a backup gives revisions out again.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ICompare, IRequestOp, ITxnResponse } from "etcd3";
import type { Term } from "../role/master_context.ts";
import { FenceLostError } from "./client.ts";

/** What tells a term in etcd. */
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

/** Reads the election key: the `failure` branch that {@linkcode throwIfFenceLost} looks at. */
export function readFence({ electionKey }: FencedTerm): IRequestOp {
  return { request_range: { key: Buffer.from(electionKey) } };
}

/**
 * For a transaction that did not succeed, with {@linkcode readFence} first in its `failure` branch.
 *
 * @throws {FenceLostError} the election key is no longer the term's: it has another create revision or
 * another value, or is gone.
 */
export function throwIfFenceLost(
  { term, id }: FencedTerm,
  { responses }: Pick<ITxnResponse, "responses">,
): void {
  const key = responses[0]?.response_range?.kvs[0];
  const same = key?.create_revision === term && Buffer.from(id).equals(key.value);
  if (!same) throw new FenceLostError(term, id);
}

/** @throws {TypeError} the term is an observer's: a fault of the program, not of the cloud. */
export function throwIfObserver({ observer }: FencedTerm): void {
  if (observer) throw new TypeError("an observer does not lead and may not write to etcd");
}
