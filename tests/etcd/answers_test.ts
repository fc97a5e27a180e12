import { Buffer } from "node:buffer";
import { Etcd3 } from "etcd3";
import fc from "fast-check";
import { ANSWERS } from "../../lib/etcd/answers.ts";
import { poolOf } from "../../lib/etcd/pool.ts";
import { assert, assertEquals } from "../support/assert.ts";

const GRPC = { sanitizeOps: false, sanitizeResources: false };

/** As grpc-js notes them of a method. */
interface Codec {
  responseSerialize(answer: unknown): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}
const etcd = new Etcd3({ hosts: "http://127.0.0.1:1" });
const theirs = poolOf(etcd).hosts[0]!.getServiceClient("KV") as unknown as Record<string, Codec>;
etcd.close();

const bytes = fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some));
const edges = (...values: bigint[]) => fc.constantFrom(...values);
const int = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.bigInt(0n, 2n ** 54n),
  edges(0n, 1n, 127n, 128n, 2n ** 49n - 1n, 2n ** 49n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n),
).map(String);
const uint = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), edges(0n, 2n ** 63n, 2n ** 64n - 1n))
  .map(String);
const header = fc.record({ cluster_id: uint, member_id: uint, revision: int, raft_term: uint });
const keyValue = fc.record({
  key: bytes,
  create_revision: int,
  mod_revision: int,
  version: int,
  value: bytes,
  lease: int,
});
const some = { requiredKeys: [] as never[] };
const kvs = fc.array(keyValue, { maxLength: 4 });
const range = fc.record({ header, kvs, more: fc.boolean(), count: int }, some);
const put = fc.record({ header, prev_kv: keyValue }, some);
const deleted = fc.record({ header, deleted: int, prev_kvs: kvs }, some);
const operation = fc.oneof(
  range.map((response_range) => ({ response_range })),
  put.map((response_put) => ({ response_put })),
  deleted.map((response_delete_range) => ({ response_delete_range })),
);
const responses = fc.array(operation, { maxLength: 4 });
const answers = {
  range,
  txn: fc.record({ header, succeeded: fc.boolean(), responses }, some),
};

for (const method of ["range", "txn"] as const) {
  Deno.test(
    `an answer to ${method} is made of its bytes as etcd3 makes it`,
    GRPC,
    () =>
      fc.assert(fc.property(answers[method], (answer) => {
        const sent = theirs[method]!.responseSerialize(answer);
        assertEquals(ANSWERS[method](sent), theirs[method]!.responseDeserialize(sent));
      })),
  );

  Deno.test(
    `a damaged answer to ${method} is refused or read, and its reading ends`,
    GRPC,
    () =>
      fc.assert(fc.property(answers[method], fc.nat(), fc.nat(255), (answer, at, byte) => {
        const sent = Buffer.from(theirs[method]!.responseSerialize(answer));
        if (sent.length > 0) sent[at % sent.length] = byte;
        for (const bytes of [sent, sent.subarray(0, at % (sent.length + 1))]) {
          try {
            ANSWERS[method](bytes);
          } catch (error) {
            assert(error instanceof RangeError && /damaged/.test(error.message), String(error));
          }
        }
      })),
  );
}

Deno.test("fields that a later etcd may send are passed over", GRPC, () => {
  const [known] = fc.sample(range.filter(({ count }) => count !== undefined), 1);
  const sent = theirs.range!.responseSerialize(known);
  // Fields 9 to 12: a number, 8 bytes, bytes of their length, 4 bytes.
  const later = [0x48, 0x96, 1, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x5a, 2, 8, 8, 0x65, 1, 2, 3, 4];
  const all = Buffer.concat([Buffer.from(later), sent, Buffer.from(later)]);
  assertEquals(ANSWERS.range(all), theirs.range!.responseDeserialize(sent));
});
