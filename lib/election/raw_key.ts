/** The election key with everything that etcd says of it, for the page. @module */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { clip } from "../base/clip.ts";
import type { RawElectionKey } from "../state/records.ts";

const MAX_VALUE_CHARS = 1000;
const DEADLINE_MS = 2000;

/** The key as it is now; null: there is none. @throws when etcd does not answer within 2 s. */
export async function readRawKey(etcd: Etcd3, key: string): Promise<RawElectionKey | null> {
  const within = () => ({ deadline: Date.now() + DEADLINE_MS });
  const answer = await etcd.kv.range({ key: Buffer.from(key) }, within());
  const found = answer.kvs[0];
  if (!found) return null;
  const lease = found.lease === "0"
    ? null
    : await etcd.leaseClient.leaseTimeToLive({ ID: found.lease, keys: false }, within());
  const left = Number(lease?.TTL ?? -1);
  return {
    key: clip(key, 500),
    value: clip(found.value.toString(), MAX_VALUE_CHARS),
    createRevision: found.create_revision,
    modRevision: found.mod_revision,
    version: found.version,
    lease: found.lease,
    leaseGrantedSeconds: left < 0 ? null : Number(lease!.grantedTTL),
    leaseLeftSeconds: left < 0 ? null : left,
  };
}
