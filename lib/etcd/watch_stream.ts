/**
 * One watcher on a stream of its own at one member, as a queue. It is never used again after trouble.
 *
 * Before it is created, the member is asked something that needs the cluster's agreement: that renews a
 * token that is not taken any more, and shows that the member serves.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { Etcd3, IWatchResponse } from "etcd3";
import { deadline } from "../base/deadline.ts";
import { WatchRefusedError } from "./call_errors.ts";
import type { Member } from "./member.ts";
import { membersOf } from "./members.ts";
import { prefixEnd } from "./snapshot.ts";

/** Time for a watcher to be attached, ms. */
const ATTACH_MS = 5000;
/** Time for etcd to end a stream in order, ms. */
const END_MS = 200;
const MAX_QUEUED = 50_000;
/** Events that wait for the reader, from which on etcd is not listened to until half of them are read. */
const PAUSE_AT = 2000;

/** One change; `value` is null for a deletion. Revisions are decimal strings. */
export interface WatchEvent {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly modRevision: string;
}

/** The watch cannot go on without loss: read a snapshot again. The message says why. */
export class WatchLostError extends Error {
  override readonly name = "WatchLostError";
}

/** Events of one response. */
export interface Batch {
  readonly events: WatchEvent[];
  /** The last revision that this response brought. */
  revision: string;
}
/** What a stream brings: "attached", once; "quiet", nothing for a while; "broken", nothing any more. */
export type Item = Batch | Error | "attached" | "broken" | "quiet";

/** A stream of Node's, which etcd3 gives a smaller type. */
type Stream = Awaited<ReturnType<Etcd3["watchClient"]["watch"]>> & Pick<Duplex, "pause" | "resume">;
/** What {@linkcode WatchStream} needs. */
export interface WatchStreamOptions {
  readonly signal: AbortSignal;
  /** Keys that are followed; the others are dropped before anything is made of them. */
  wants(key: string): boolean;
  /** Events that may wait for the reader. @default 50000 */
  readonly maxQueued?: number;
  /** The cluster that is to answer; null: any. */
  readonly clusterId: string | null;
}

/** A watcher with the queue of what it brings; dispose of it to end its stream. */
export class WatchStream {
  readonly #queue: Item[] = [];
  readonly #member: Member;
  readonly #opened: Promise<Stream | null>;
  #stream: Stream | null = null;
  readonly #cleanUp: (() => void)[] = [];
  #attached = false;
  /** That it was not attached is counted. */
  #counted = false;
  #ended = false;
  #problem: unknown = null;
  #closed = false;
  #events = 0;
  #wake = () => {};

  /** @param from the first revision that is wanted, which etcd has reached; 0: what comes from now on. */
  constructor(
    readonly etcd: Etcd3,
    readonly prefix: string,
    readonly from: bigint,
    readonly options: WatchStreamOptions,
  ) {
    const members = membersOf(etcd);
    const member = this.#member = members.choose()!;
    const onAbort = () => this.#put(new Error("aborted"));
    options.signal.addEventListener("abort", onAbort, { once: true });
    const late = setTimeout(() => this.#break(), ATTACH_MS);
    this.#cleanUp.push(
      () => clearTimeout(late),
      () => options.signal.removeEventListener("abort", onAbort),
      member.whenSick(() => {
        if (members.hasBetter(member)) this.#put("broken");
      }),
    );
    this.#opened = this.#open().catch((error) => {
      if (error instanceof WatchLostError) this.#put(error);
      else this.#break(error);
      return null;
    });
  }

  /** Whether etcd has attached the watcher. */
  get attached(): boolean {
    return this.#attached;
  }

  /** What ended the stream before it was attached, if something was said. */
  get problem(): unknown {
    return this.#problem;
  }

  /** The next item, or "quiet" when none comes for so long; then it is looked at whether the member serves. */
  async take(ms: number): Promise<Item> {
    if (this.#queue.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, ms);
      await promise;
      clearTimeout(timer);
    }
    const item = this.#queue.shift() ?? "quiet";
    if (item === "quiet") membersOf(this.etcd).doubt(this.#member);
    if (isBatch(item)) {
      this.#events -= item.events.length;
      if (this.#events <= PAUSE_AT / 2) this.#stream?.resume();
    }
    return item;
  }

  async #open(): Promise<Stream | null> {
    const header = await this.#member.probe(Date.now() + ATTACH_MS);
    if (header) {
      this.#checkCluster(header.cluster_id);
      if (BigInt(header.revision) < this.from) {
        throw new WatchLostError(`etcd is back at revision ${header.revision}: a restored backup`);
      }
    }
    if (this.#closed) return null;
    const stream = await this.#member.etcd.watchClient.watch() as Stream;
    this.#stream = stream;
    stream.on("data", (response) => this.#receive(response));
    stream.on("error", (error) => {
      this.#ended = true;
      this.#break(error);
    });
    stream.on("end", () => {
      this.#ended = true;
      this.#put("broken");
    });
    stream.write({
      create_request: {
        key: Buffer.from(this.prefix),
        range_end: prefixEnd(this.prefix),
        start_revision: String(this.from),
      },
    });
    return stream;
  }

  #receive(response: IWatchResponse): void {
    if (this.#closed) return;
    const { header, created, canceled, cancel_reason, compact_revision, events } = response;
    if (canceled && cancel_reason && compact_revision === "0") {
      return this.#break(new WatchRefusedError(`etcd refuses the watch: ${cancel_reason}`));
    }
    // etcd 3.4 gives no reason when it cancels for a compaction; a snapshot is right for any.
    if (canceled) {
      return this.#put(new WatchLostError(`etcd ended the watch: ${cancel_reason || "compacted"}`));
    }
    try {
      if (header) this.#checkCluster(header.cluster_id);
    } catch (error) {
      return this.#put(error as Error);
    }
    if (created) {
      this.#attached = true;
      this.#cleanUp[0]!();
      this.#put("attached");
    }
    const last = events.at(-1);
    if (!last) return;
    const wanted: WatchEvent[] = [];
    for (const { type, kv } of events) {
      const key = kv.key.toString();
      if (!this.options.wants(key)) continue;
      const value = isDeletion(type) ? null : kv.value;
      wanted.push({ key, value, modRevision: kv.mod_revision });
    }
    this.#putBatch(wanted, last.kv.mod_revision);
  }

  #checkCluster(clusterId: string): void {
    const wanted = this.options.clusterId;
    if (wanted === null || clusterId === wanted) return;
    throw new WatchLostError("another etcd cluster answers");
  }

  #putBatch(events: WatchEvent[], revision: string): void {
    const { maxQueued = MAX_QUEUED } = this.options;
    const tail = this.#queue.at(-1);
    if (events.length === 0 && isBatch(tail)) {
      tail.revision = revision;
      return;
    }
    this.#events += events.length;
    if (this.#events > maxQueued) {
      this.#queue.length = this.#events = 0;
      this.#put(new WatchLostError(`more than ${maxQueued} changes wait to be read`));
      return;
    }
    this.#put({ events, revision });
    if (this.#events > PAUSE_AT) this.#stream?.pause();
  }

  /** The stream is over, or was never attached: perhaps the member's fault. */
  #break(error?: unknown): void {
    if (this.#closed) return;
    this.#problem = error;
    const members = membersOf(this.etcd);
    if (error === undefined) members.doubt(this.#member);
    else members.note(this.#member, error);
    this.#put("broken");
  }

  /** Once: what breaks may break twice. */
  #countUnattached(): void {
    if (this.#attached || this.#counted) return;
    this.#counted = true;
    membersOf(this.etcd).meter?.add("etcd_watches_not_attached", 1, {});
  }

  #put(item: Item): void {
    if (this.#closed) return;
    if (item === "broken") this.#countUnattached();
    this.#queue.push(item);
    this.#wake();
  }

  /** Half closes the stream, which etcd then ends in order; cancels it when etcd does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const clean of this.#cleanUp) clean();
    this.#stream?.resume();
    if (await deadline(this.#end(), END_MS, () => false)) return;
    this.#opened.then((opened) => opened?.cancel());
  }

  /** Half closes the stream, if it is open; resolves to true once etcd has ended it. */
  async #end(): Promise<boolean> {
    const stream = await this.#opened;
    if (!stream || this.#ended) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    stream.on("end", () => resolve(true));
    stream.on("error", () => resolve(true));
    stream.end();
    return await promise;
  }
}

function isBatch(item: Item | undefined): item is Batch {
  return typeof item === "object" && !(item instanceof Error);
}

/** etcd3 gives the name, whatever its types say. */
function isDeletion(type: unknown): boolean {
  return String(type).toUpperCase() === "DELETE";
}
