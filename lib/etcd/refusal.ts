/**
 * What an operator has to know of a call that etcd refused, added to the error's message where the call is
 * made, so that log, page and problem say it: which key range the user lacks, or how full etcd is.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  EtcdPermissionDeniedError,
  type ICompare,
  type IRangeRequest,
  type IRequestOp,
  type ITxnRequest,
} from "etcd3";
import { deadline } from "../base/deadline.ts";
import type { EtcdConfig } from "../config/config_types.ts";
import { isNoSpace } from "./call_errors.ts";
import { readDatabase } from "./database.ts";
import { describeDatabase, FULL_ADVICE } from "./database_size.ts";
import type { Member } from "./member.ts";

/** Time for finding out more, ms. */
const ASK_MS = 1000;
/** The share of the call's time that is left which it may take. */
const SHARE = 1 / 3;
const UNKNOWN_SIZE = "how full is not known";
/** For so long one reading of the databases serves all refusals, ms. */
const READ_AGAIN_MS = 10_000;
/** Ranges that are tried: a batch writes below few prefixes. */
const MAX_RANGES = 12;

/** Finds out more about what a cluster refuses. */
export class Refusals {
  #sizes: Promise<string> | null = null;
  #readAt = 0;

  constructor(
    readonly config: Pick<EtcdConfig, "username" | "caFile" | "certFile" | "keyFile">,
    readonly members: { readonly all: readonly Member[]; choose(): Member | null },
  ) {}

  /**
   * The same error, its message completed where more can be said; what the text of etcd was stays in it.
   *
   * @param until the call's deadline, ms since the epoch: most of the time is left to the caller, who may still have
   * to do something about it.
   */
  async explain(
    error: unknown,
    method: string,
    payload: unknown,
    until: number,
  ): Promise<unknown> {
    if (!(error instanceof Error)) return error;
    const askMs = Math.min(ASK_MS, Math.max(0, until - Date.now()) * SHARE);
    const inTime = (asked: Promise<string | null>) => deadline(asked, askMs, () => null);
    const more = error instanceof EtcdPermissionDeniedError
      ? await inTime(this.#missingRights(method, payload))
      : isNoSpace(error)
      ? `etcd is full (${await inTime(this.#describeSizes()) ?? UNKNOWN_SIZE}): ${FULL_ADVICE}`
      : null;
    if (more !== null) error.message = `${more} (${error.message})`;
    return error;
  }

  #describeSizes(): Promise<string> {
    const now = performance.now();
    if (this.#sizes && now < this.#readAt + READ_AGAIN_MS) return this.#sizes;
    this.#readAt = now;
    return this.#sizes = this.#readSizes();
  }

  async #readSizes(): Promise<string> {
    const { all } = this.members;
    const read = await Promise.all(all.map((member) => readDatabase(member, this.config, ASK_MS)));
    const known = read.filter(({ sizeBytes }) => sizeBytes !== null);
    const texts = known.map((database) =>
      all.length === 1
        ? describeDatabase(database)
        : `${database.url} ${describeDatabase(database)}`
    );
    return texts.join("; ") || UNKNOWN_SIZE;
  }

  /** Null: it cannot be said now. */
  async #missingRights(method: string, payload: unknown): Promise<string | null> {
    const ranges = rangesOf(method, payload);
    const refused = await refusedRanges(this.members.choose()!, ranges).catch(() => null);
    if (refused === null || refused.length === 0) return null;
    const user = this.config.username ?? "without a name";
    const of = (write: boolean) =>
      refused.filter((range) => range.write === write).map(({ name }) => name).join(", ");
    const what = [["read", of(false)], ["write", of(true)]].filter(([, names]) => names !== "")
      .map(([verb, names]) => `${verb} ${names}`);
    return `etcd's user ${user} may not ${
      what.join(", and not ")
    }: docs/etcd.md has the role that it needs`;
  }
}

/** What is read or written. */
export interface KeyRange {
  /** For people: a key, or a prefix when there are several below it. */
  readonly name: string;
  readonly key: Buffer;
  /** Of a range; absent: the key alone. */
  readonly end?: Buffer;
  readonly write: boolean;
}

/** Those of the ranges that the user may not use, tried without harm. @throws etcd does not answer. */
export async function refusedRanges(
  member: Pick<Member, "exec">,
  ranges: readonly KeyRange[],
): Promise<KeyRange[]> {
  const options = { deadline: Date.now() + ASK_MS };
  const refused: KeyRange[] = [];
  for (const range of ranges.slice(0, MAX_RANGES)) {
    const { key, end, write } = range;
    const read: IRangeRequest = { key, ...end && { range_end: end }, count_only: true, limit: 1 };
    // etcd checks the rights of both branches; of a branch that is not taken, nothing is done.
    const deletion = { request_delete_range: { key, ...end && { range_end: end } } };
    const pretence: ITxnRequest = { compare: [], success: [], failure: [deletion] };
    try {
      await (write
        ? member.exec("KV", "txn", pretence, options)
        : member.exec("KV", "range", read, options));
    } catch (error) {
      if (!(error instanceof EtcdPermissionDeniedError)) throw error;
      refused.push(range);
    }
  }
  return refused;
}

/** What a call reads and writes, one key of each folder. */
function rangesOf(method: string, payload: unknown): KeyRange[] {
  const found: Omit<KeyRange, "name">[] = [];
  const add = (write: boolean, key?: string | Buffer, end?: string | Buffer) => {
    if (key === undefined) return;
    found.push({
      write,
      key: Buffer.from(key),
      ...end && end.length > 0 && { end: Buffer.from(end) },
    });
  };
  const addOperations = (operations: readonly IRequestOp[] = []) => {
    for (
      const { request_range: range, request_put: put, request_delete_range: gone } of operations
    ) {
      add(false, range?.key as Buffer, range?.range_end as Buffer);
      add(true, put?.key as Buffer);
      add(true, gone?.key as Buffer, gone?.range_end as Buffer);
    }
  };
  if (method === "txn") {
    const { compare = [], success, failure } = payload as ITxnRequest;
    addOperations(success);
    addOperations(failure);
    for (const { key } of compare as ICompare[]) add(false, key as Buffer);
  } else {
    const { key, range_end } = payload as IRangeRequest;
    add(method !== "range", key as Buffer, range_end as Buffer);
  }
  return byFolder(found);
}

/** Keys that stand for all of a folder are called by its name. */
function byFolder(all: readonly Omit<KeyRange, "name">[]): KeyRange[] {
  const folders = new Map<string, { range: Omit<KeyRange, "name">; keys: Set<string> }>();
  for (const range of all) {
    const key = range.key.toString();
    const folder = `${range.write} ${range.end ? key : key.slice(0, key.lastIndexOf("/") + 1)}`;
    const known = folders.get(folder);
    if (known) known.keys.add(key);
    else folders.set(folder, { range, keys: new Set([key]) });
  }
  return [...folders].map(([folder, { range, keys }]) => ({
    ...range,
    name: keys.size === 1 ? [...keys][0]! : folder.slice(folder.indexOf(" ") + 1),
  }));
}
