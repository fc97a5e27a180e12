/**
 * A range of keys as it was at one revision, read in pages, so that neither etcd nor this process
 * holds all of it in one message.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { CompactedError } from "./client.ts";

/** A key and its value. Revisions are decimal strings. */
export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: string;
  readonly modRevision: string;
}

/** All keys of a range at one revision. */
export interface Snapshot {
  /** Revision of the snapshot, decimal. */
  readonly revision: string;
  /** Identity of the etcd cluster. */
  readonly clusterId: string;
  readonly items: KeyValue[];
}

/** The key after all keys with that prefix. */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return end;
}

/**
 * Reads all keys with a prefix (ASCII, not empty).
 *
 * @throws {CompactedError} the revision was compacted between two pages.
 */
export async function readSnapshot(
  etcd: Etcd3,
  prefix: string,
  options: {
    revision?: string;
    pageSize?: number;
    signal?: AbortSignal;
    onPage?: () => void;
  } = {},
): Promise<Snapshot> {
  const { pageSize = 2000, signal, onPage } = options;
  const end = prefixEnd(prefix);
  const items: KeyValue[] = [];
  let from: Buffer = Buffer.from(prefix);
  let revision = options.revision ?? "0";
  while (true) {
    signal?.throwIfAborted();
    const page = await etcd.kv.range({ key: from, range_end: end, limit: pageSize, revision })
      .catch((error) => {
        if (/required revision has been compacted/.test(String(error))) {
          throw new CompactedError(`revision ${revision} of ${prefix} was compacted`);
        }
        throw error;
      });
    if (revision === "0") revision = page.header.revision;
    for (const kv of page.kvs) {
      items.push({
        key: kv.key.toString(),
        value: kv.value,
        createRevision: kv.create_revision,
        modRevision: kv.mod_revision,
      });
    }
    onPage?.();
    if (!page.more) return { revision, clusterId: page.header.cluster_id, items };
    from = Buffer.concat([page.kvs.at(-1)!.key, Buffer.from([0])]);
  }
}
