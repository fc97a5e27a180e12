/**
 * Whether a transaction has happened that was sent more than once. What it compares are the revisions of
 * the keys that it writes: done once, it cannot succeed again, and the second answer is "no". So its keys
 * are read back: when each is as it was to be, written at one revision, the transaction has happened.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { ICompare, IKeyValue, IRequestOp, ITxnRequest, ITxnResponse } from "etcd3";

/** A key as the transaction leaves it; null: gone. */
interface Wanted {
  readonly key: Buffer;
  readonly put: { readonly value: Buffer; readonly lease: string } | null;
}

function wantedOf(success: readonly IRequestOp[]): Wanted[] {
  return success.flatMap(({ request_put: put, request_delete_range: gone }): Wanted[] => {
    if (put) {
      const { key, value, lease = "0" } = put;
      return [{ key: key as Buffer, put: { value: value as Buffer, lease: String(lease) } }];
    }
    return gone ? [{ key: gone.key as Buffer, put: null }] : [];
  });
}

/**
 * The answer of a transaction that may have happened before it was answered with `answer`, which is "no".
 *
 * @param send sends a transaction.
 */
export async function outcomeOf(
  request: ITxnRequest,
  answer: ITxnResponse,
  send: (request: ITxnRequest) => Promise<ITxnResponse>,
): Promise<ITxnResponse> {
  const wanted = wantedOf(request.success ?? []);
  if (wanted.length === 0) return answer;
  const compare = lasting(request.compare ?? [], wanted);
  const success = wanted.map(({ key }) => ({ request_range: { key } }));
  const found = await send({ compare, success, failure: [] });
  if (!found.succeeded) return answer;
  const revisions = new Set<string>();
  for (const [at, { put }] of wanted.entries()) {
    const kv = found.responses[at]?.response_range?.kvs[0];
    if (!isAsWanted(kv, put)) return answer;
    if (kv) revisions.add(kv.mod_revision);
  }
  if (revisions.size > 1) return answer;
  const [revision = found.header.revision] = revisions;
  return { header: { ...found.header, revision }, succeeded: true, responses: [] };
}

/**
 * What holds after the transaction as well as before: a fence beside the keys that it writes, or that it
 * rewrites without creating it. When that does not hold, the term is over, whatever was written.
 */
function lasting(compare: readonly ICompare[], wanted: readonly Wanted[]): ICompare[] {
  const written = new Map(wanted.map(({ key, put }) => [key.toString("latin1"), put]));
  return compare.filter(({ key, target, create_revision }) => {
    const put = written.get((key as Buffer).toString("latin1"));
    if (put === undefined) return true;
    return put !== null && target === "Create" && String(create_revision) !== "0";
  });
}

function isAsWanted(kv: IKeyValue | undefined, put: Wanted["put"]): boolean {
  if (put === null) return kv === undefined;
  return kv !== undefined && kv.value.equals(put.value) && kv.lease === put.lease;
}
