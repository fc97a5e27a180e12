/** The election key with everything that etcd says of it, for the page. @module */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { clip } from "../base/clip.ts";
import type { RawElectionKey } from "../state/records.ts";

const MAX_VALUE_CHARS = 1000;
const DEADLINE_MS = 2000;

/** The key as it is now. @throws as {@linkcode lookAtKey}. */
export async function readRawKey(etcd: Etcd3, key: string): Promise<RawElectionKey | null> {
  return (await lookAtKey(etcd, key)).key;
}

/**
 * The key as it is now, null when there is none, and etcd's revision at that time, decimal.
 *
 * @throws when etcd does not answer within 2 s.
 */
export async function lookAtKey(
  etcd: Etcd3,
  key: string,
): Promise<{ readonly key: RawElectionKey | null; readonly revision: string }> {
  const within = () => ({ deadline: Date.now() + DEADLINE_MS });
  const answer = await etcd.kv.range({ key: Buffer.from(key) }, within());
  const { revision } = answer.header;
  const found = answer.kvs[0];
  if (!found) return { key: null, revision };
  const lease = found.lease === "0"
    ? null
    : await etcd.leaseClient.leaseTimeToLive({ ID: found.lease, keys: false }, within());
  const left = Number(lease?.TTL ?? -1);
  const raw = {
    key: clip(key, 500),
    value: clip(found.value.toString(), MAX_VALUE_CHARS),
    createRevision: found.create_revision,
    modRevision: found.mod_revision,
    version: found.version,
    lease: found.lease,
    leaseGrantedSeconds: left < 0 ? null : Number(lease!.grantedTTL),
    leaseLeftSeconds: left < 0 ? null : left,
  };
  return { key: raw, revision };
}
