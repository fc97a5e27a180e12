/** Answers of etcd to reads and transactions: any bytes, and such as begin like some. */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { ANSWERS } from "../../lib/etcd/answers.ts";
import { fuzz } from "./fuzz.ts";

/** A field with a number and a way in which it stands there, and some of what may follow. */
const field = fc.tuple(
  fc.integer({ min: 0, max: 9 }),
  fc.integer({ min: 0, max: 7 }),
  fc.uint8Array({ maxLength: 30 }),
).map(([number, wire, rest]) => [number * 8 + wire, rest.length, ...rest]);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((some) => [...some]),
  fc.array(field, { maxLength: 6 }).map((fields) => fields.flat()),
);

for (const method of ["range", "txn"] as const) {
  fuzz(
    `etcd's answers to ${method}`,
    bytes,
    (input) => ANSWERS[method](Buffer.from(input)),
    (error) => error instanceof RangeError && /damaged/.test(error.message),
  );
}
