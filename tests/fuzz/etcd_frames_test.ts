/** Frames of HTTP/2 from a member of etcd, in pieces of any size. */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { FilteredSocket } from "../../lib/etcd/frame_filter.ts";
import { assert } from "../support/assert.ts";
import { fuzz } from "./fuzz.ts";

/** A frame's header with any length and type, and some payload; not always as long as it says. */
const frame = fc.tuple(
  fc.nat(40),
  fc.integer({ min: 0, max: 9 }),
  fc.uint8Array({ maxLength: 40 }),
).map(([length, type, payload]) =>
  Buffer.from([0, 0, length, type, 0, 0, 0, 0, 1, ...payload.slice(0, length)])
);
const pieces = fc.tuple(fc.array(frame, { maxLength: 6 }), fc.integer({ min: 1, max: 64 }));

fuzz("frames of etcd", pieces, ([frames, size]) => {
  const inner = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const socket = new FilteredSocket(inner);
  socket.on("error", () => {});
  const all = Buffer.concat(frames);
  for (let at = 0; at < all.length; at += size) inner.emit("data", all.subarray(at, at + size));
  const passed = socket.readableLength;
  assert(passed <= all.length, `${passed} of ${all.length} bytes`);
  socket.destroy();
});
