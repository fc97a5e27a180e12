/**
 * The hosts that Felix has been seen on, kept in etcd, so that one that is gone is known to be gone by a
 * watcher that has been restarted and by that of another node. Written under the fence, at most every half
 * minute, and only when hosts have come or gone.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { z } from "zod";
import { parseJson } from "../base/json.ts";
import { fencedIf, type FencedTerm } from "../etcd/fence.ts";
import { MAX_NAME_CHARS } from "./names.ts";

/** Hosts that are remembered at most; those that are gone before the others. */
export const MAX_SEEN_HOSTS = 20_000;
/** Characters of their names at most: etcd takes 1.5 MiB by default. */
const MAX_CHARS = 900_000;
/** Between two writes at least, ms. */
const WRITE_INTERVAL_MS = 30_000;

const host = z.string().min(1).max(MAX_NAME_CHARS);
const seenHostsSchema = z.object({
  seen: z.array(host).max(MAX_SEEN_HOSTS),
  /** With the time since when they are gone, ms since the epoch. */
  gone: z.array(z.tuple([host, z.number()])).max(MAX_SEEN_HOSTS),
});
export type SeenHosts = z.infer<typeof seenHostsSchema>;

/** The record of one region, for one term. */
export class SeenHostsRecord {
  /** The revision of the record as it is known, decimal; null: it is to be read. */
  #modRevision: string | null = null;
  #written = "";
  #writtenAt = -Infinity;

  constructor(readonly etcd: Etcd3, readonly term: FencedTerm, readonly key: string) {}

  /** Whether the record is to be read before it is written. */
  get isUnread(): boolean {
    return this.#modRevision === null;
  }

  /** Reads it; one that is missing or not of its shape is empty. @throws etcd does not answer. */
  async read(): Promise<SeenHosts> {
    const { kvs } = await this.etcd.kv.range({ key: Buffer.from(this.key) });
    const text = kvs[0] ? String(kvs[0].value) : "";
    const parsed = seenHostsSchema.safeParse(parseJson(text));
    this.#modRevision = kvs[0]?.mod_revision ?? "0";
    this.#written = parsed.success ? text : "";
    return parsed.success ? parsed.data : { seen: [], gone: [] };
  }

  /**
   * Writes it when it says something new and the last write is long enough ago; false: it was not time, or
   * somebody else has written meanwhile and it is to be read again.
   *
   * @param now monotonic, ms
   * @throws etcd does not take it, or the term is over.
   */
  async write(hosts: () => SeenHosts, now: number): Promise<boolean> {
    if (this.#modRevision === null || now - this.#writtenAt < WRITE_INTERVAL_MS) return false;
    const text = JSON.stringify(bounded(hosts()));
    if (text === this.#written) return true;
    this.#writtenAt = now; // also of one that fails
    const key = Buffer.from(this.key);
    const unchanged = {
      key,
      result: "Equal",
      target: "Mod",
      mod_revision: this.#modRevision,
    } as const;
    const put = { request_put: { key, value: Buffer.from(text) } };
    const modRevision = this.#modRevision;
    this.#modRevision = null; // unless it is known to be written
    const answer = await fencedIf(this.etcd, this.term, [unchanged], [put]).catch((error) => {
      this.#modRevision = modRevision;
      throw error;
    });
    if (answer === null) return false;
    this.#modRevision = answer.header.revision;
    this.#written = text;
    return true;
  }
}

/** In the order of the names, so that the same hosts are the same text. */
function bounded({ seen, gone }: SeenHosts): SeenHosts {
  let [hosts, chars] = [MAX_SEEN_HOSTS, MAX_CHARS];
  const fits = (name: string) =>
    name.length <= MAX_NAME_CHARS && --hosts >= 0 && (chars -= name.length + 20) >= 0;
  const kept = gone.toSorted(([a], [b]) => a < b ? -1 : 1).filter(([name]) => fits(name));
  return { gone: kept, seen: seen.toSorted().filter(fits) };
}
