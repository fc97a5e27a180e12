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

/** Some keys of a range at one revision. */
export interface Snapshot {
  /** Revision of the snapshot, decimal. */
  readonly revision: string;
  /** Identity of the etcd cluster. */
  readonly clusterId: string;
  readonly items: KeyValue[];
}

/** Options of {@linkcode snapshotPages}. */
export interface SnapshotOptions {
  /** @default the newest */
  readonly revision?: string;
  /** @default 2000 */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
  /** Values are not sent: they are empty. */
  readonly keysOnly?: boolean;
  /** Keys that are kept; the others are dropped before anything is made of them. */
  readonly wants?: (key: string) => boolean;
}

/** The key after all keys with that prefix. */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return end;
}

/**
 * Reads the keys with a prefix (ASCII, not empty), page by page, all at one revision. A page may be
 * empty.
 *
 * @throws {CompactedError} the revision was compacted between two pages.
 */
export async function* snapshotPages(
  etcd: Etcd3,
  prefix: string,
  options: SnapshotOptions = {},
): AsyncGenerator<Snapshot> {
  const { pageSize = 2000, signal, wants, keysOnly = false } = options;
  const end = prefixEnd(prefix);
  let from: Buffer = Buffer.from(prefix);
  let revision = options.revision ?? "0";
  while (true) {
    signal?.throwIfAborted();
    const page = await etcd.kv.range({
      key: from,
      range_end: end,
      limit: pageSize,
      revision,
      keys_only: keysOnly,
    }).catch((error) => {
      if (/required revision has been compacted/.test(String(error))) {
        throw new CompactedError(`revision ${revision} of ${prefix} was compacted`);
      }
      throw error;
    });
    if (revision === "0") revision = page.header.revision;
    const items: KeyValue[] = [];
    for (const kv of page.kvs) {
      const key = kv.key.toString();
      if (wants && !wants(key)) continue;
      items.push({
        key,
        value: kv.value,
        createRevision: kv.create_revision,
        modRevision: kv.mod_revision,
      });
    }
    yield { revision, clusterId: page.header.cluster_id, items };
    if (!page.more) return;
    from = Buffer.concat([page.kvs.at(-1)!.key, Buffer.from([0])]);
  }
}

/** All keys with a prefix at once. @throws {CompactedError} as {@linkcode snapshotPages}. */
export async function readSnapshot(
  etcd: Etcd3,
  prefix: string,
  { onPage, ...options }: SnapshotOptions & { onPage?: () => void } = {},
): Promise<Snapshot> {
  const items: KeyValue[] = [];
  let last: Snapshot | null = null;
  for await (const page of snapshotPages(etcd, prefix, options)) {
    for (const item of page.items) items.push(item);
    last = page;
    onPage?.();
  }
  return { revision: last!.revision, clusterId: last!.clusterId, items };
}
