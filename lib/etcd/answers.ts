/**
 * Answers to reads and transactions, from the bytes in which they come: the same objects that etcd3 makes, which
 * makes each of them twice and its numbers three times (2 us a key instead of 0.4).
 *
 * Sources: `rpc.proto` and `kv.proto` of etcd; https://protobuf.dev/programming-guides/encoding/.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { IRangeResponse, ITxnResponse } from "etcd3";

/** A field: its name and what is in it. `int` and `uint` have 64 bits, and become decimal texts. */
type Field = readonly [name: string, of: "bytes" | "int" | "uint" | "flag" | Message | [Message]];
type Json = Record<string, unknown>;

/** A message: its fields by their numbers. */
interface Message {
  readonly fields: Readonly<Record<number, Field>>;
  /** One without anything in it. */
  empty(): Json;
  /** One field at most is there, and this names it. */
  readonly oneOf?: string;
}

const NO_BYTES = Buffer.alloc(0);

const HEADER: Message = {
  fields: {
    1: ["cluster_id", "uint"],
    2: ["member_id", "uint"],
    3: ["revision", "int"],
    4: ["raft_term", "uint"],
  },
  empty: () => ({ cluster_id: "0", member_id: "0", revision: "0", raft_term: "0" }),
};
const KEY_VALUE: Message = {
  fields: {
    1: ["key", "bytes"],
    2: ["create_revision", "int"],
    3: ["mod_revision", "int"],
    4: ["version", "int"],
    5: ["value", "bytes"],
    6: ["lease", "int"],
  },
  empty: () => ({
    key: NO_BYTES,
    create_revision: "0",
    mod_revision: "0",
    version: "0",
    value: NO_BYTES,
    lease: "0",
  }),
};
const RANGE: Message = {
  fields: {
    1: ["header", HEADER],
    2: ["kvs", [KEY_VALUE]],
    3: ["more", "flag"],
    4: ["count", "int"],
  },
  empty: () => ({ header: null, kvs: [], more: false, count: "0" }),
};
const PUT: Message = {
  fields: { 1: ["header", HEADER], 2: ["prev_kv", KEY_VALUE] },
  empty: () => ({ header: null, prev_kv: null }),
};
const DELETE_RANGE: Message = {
  fields: { 1: ["header", HEADER], 2: ["deleted", "int"], 3: ["prev_kvs", [KEY_VALUE]] },
  empty: () => ({ header: null, deleted: "0", prev_kvs: [] }),
};
/** Without transactions in transactions, which nobody sends. */
const OPERATION: Message = {
  fields: {
    1: ["response_range", RANGE],
    2: ["response_put", PUT],
    3: ["response_delete_range", DELETE_RANGE],
  },
  empty: () => ({}),
  oneOf: "response",
};
const TXN: Message = {
  fields: { 1: ["header", HEADER], 2: ["succeeded", "flag"], 3: ["responses", [OPERATION]] },
  empty: () => ({ header: null, succeeded: false, responses: [] }),
};

/** How a field stands in the bytes. */
const [VARINT, FIXED_64, DELIMITED, FIXED_32] = [0, 1, 2, 5];
/** Bytes of 7 bits whose number a double holds for certain. */
const SURE_BYTES = 7;
const MAX_VARINT_BYTES = 10;

/** Reads messages off bytes. @throws {RangeError} by each method, when they are damaged. */
class Reader {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  /** The message that ends there. */
  message({ fields, empty, oneOf }: Message, end: number): Json {
    const message = empty();
    while (this.#at < end) {
      const tag = this.#number();
      const [field, wire] = [fields[Math.floor(tag / 8)], tag % 8];
      if (field === undefined) this.#skip(wire);
      else {
        this.#field(message, field, wire);
        if (oneOf !== undefined) message[oneOf] = field[0];
      }
    }
    if (this.#at > end) throw damaged();
    return message;
  }

  #field(message: Json, field: Field, wire: number): void {
    const name = field[0];
    const of = field[1];
    if (wire !== (of === "int" || of === "uint" || of === "flag" ? VARINT : DELIMITED)) {
      throw damaged();
    }
    if (of === "int" || of === "uint") message[name] = this.#decimal(of === "int");
    else if (of === "flag") message[name] = this.#decimal(false) !== "0";
    else {
      const end = this.#end();
      if (of === "bytes") message[name] = this.bytes.subarray(this.#at, this.#at = end);
      else if (Array.isArray(of)) (message[name] as Json[]).push(this.message(of[0], end));
      else message[name] = this.message(of, end);
    }
  }

  /** Where something ends whose length stands here. */
  #end(): number {
    const length = this.#number();
    const end = this.#at + length;
    if (end > this.bytes.length) throw damaged();
    return end;
  }

  #number(): number {
    let value = 0;
    for (let i = 0, factor = 1; i < SURE_BYTES; i++, factor *= 128) {
      const byte = this.#byte();
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
    throw damaged();
  }

  #decimal(isSigned: boolean): string {
    let value = 0;
    for (let i = 0, factor = 1; i < SURE_BYTES; i++, factor *= 128) {
      const byte = this.#byte();
      value += (byte % 128) * factor;
      if (byte < 128) return String(value);
    }
    let large = BigInt(value);
    for (let i = SURE_BYTES; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte();
      large |= BigInt(byte % 128) << BigInt(7 * i);
      if (byte < 128) {
        return String(isSigned ? BigInt.asIntN(64, large) : BigInt.asUintN(64, large));
      }
    }
    throw damaged();
  }

  #byte(): number {
    const byte = this.bytes[this.#at++];
    if (byte === undefined) throw damaged();
    return byte;
  }

  /** Passes over a field that is not known. */
  #skip(wire: number): void {
    if (wire === VARINT) this.#decimal(false);
    else if (wire === DELIMITED) this.#at = this.#end();
    else if (wire === FIXED_64) this.#at += 8;
    else if (wire === FIXED_32) this.#at += 4;
    else throw damaged();
  }
}

function damaged(): RangeError {
  return new RangeError("etcd's answer is damaged");
}

function decoder<T>(message: Message): (bytes: Buffer) => T {
  return (bytes) => new Reader(bytes).message(message, bytes.length) as T;
}

/** Makes answers of bytes, by the method of the service KV. @throws {RangeError} they are damaged. */
export const ANSWERS = {
  range: decoder<IRangeResponse>(RANGE),
  txn: decoder<ITxnResponse>(TXN),
};
