/**
 * A range of keys as it was at one revision, read in pages, so that neither etcd nor this process
 * holds all of it in one message.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { isCompacted } from "./call_errors.ts";
import { CompactedError } from "./client.ts";
import { KeySpace } from "./key_space.ts";

/** A key and its value. Revisions are decimal strings. */
export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly modRevision: string;
  /** The key's bytes, when they are no UTF-8, so that `key` does not name it. */
  readonly notText?: Buffer;
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

/** Pages that a range should hold at the density of the last page: keys may become sparser. */
const PAGES_AHEAD = 3;
/** After a range with less than a page, the next is wider by this factor, and the one after it is the rest. */
const WIDER = 8;

/**
 * Where the ranges of a snapshot end. etcd counts all keys of a range, whatever the limit (3.4 collects
 * them even): with ranges to the end of the prefix, N keys in pages of p would cost N²/2p steps. So a
 * range ends where about three pages are guessed to end.
 */
class Ranges {
  readonly #space = new KeySpace();
  readonly #end: Buffer;
  /** How far apart the first and the last key of the last full page were. */
  #width = 0;
  /** Answers since then that were not full. */
  #short = 0;
  from: Buffer;
  end: Buffer;

  constructor(prefix: string) {
    this.from = Buffer.from(prefix);
    this.end = this.#end = prefixEnd(prefix);
  }

  /** Moves on behind keys that were just read; false: there are no more. */
  advance(keys: readonly Buffer[], more: boolean): boolean {
    if (!more && this.end === this.#end) return false;
    if (more) {
      this.#short = 0;
      this.#width = this.#space.learn(keys);
      this.from = Buffer.concat([keys.at(-1)!, Buffer.from([0])]);
    } else {
      this.#short++;
      this.from = this.end;
    }
    const width = this.#width * PAGES_AHEAD * WIDER ** this.#short;
    // A page takes at most three requests, however wrong the guesses are.
    const guess = this.#short > 1 ? null : this.#space.after(this.from, width);
    this.end = guess && Buffer.compare(guess, this.#end) < 0 ? guess : this.#end;
    return true;
  }
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
  const ranges = new Ranges(prefix);
  let revision = options.revision ?? "0";
  while (true) {
    signal?.throwIfAborted();
    const page = await etcd.kv.range({
      key: ranges.from,
      range_end: ranges.end,
      limit: pageSize,
      revision,
      keys_only: keysOnly,
    }).catch((error) => {
      if (isCompacted(error)) {
        throw new CompactedError(`revision ${revision} of ${prefix} was compacted`);
      }
      throw error;
    });
    if (revision === "0") revision = page.header.revision;
    const items: KeyValue[] = [];
    for (const kv of page.kvs) {
      const key = kv.key.toString();
      if (wants && !wants(key)) continue;
      const item = { key, value: kv.value, modRevision: kv.mod_revision };
      items.push(isText(key, kv.key) ? item : { ...item, notText: kv.key });
    }
    const more = ranges.advance(page.kvs.map(({ key }) => key), page.more);
    yield { revision, clusterId: page.header.cluster_id, items };
    if (!more) return;
  }
}

/** Whether the text names that key: bytes that are no UTF-8 were read as U+FFFD. */
function isText(text: string, key: Buffer): boolean {
  return !text.includes("\uFFFD") || Buffer.from(text).equals(key);
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
