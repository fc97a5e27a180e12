import { assertEquals } from "../support/assert.ts";
import { isStreamNoise } from "../../lib/base/stream_noise.ts";

function errorAt(message: string, ...frames: string[]): Error {
  const error = new Error(message);
  error.stack = [`Error: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}
const HTTP2 = "async node:http2:821:44";
const LOOP = "processTicksAndRejections (ext:deno_node/_next_tick.ts:59:10)";

Deno.test("an ended stream or connection within the runtime's HTTP/2 is noise", () => {
  assertEquals(isStreamNoise(errorAt("stream closed because of a broken pipe", HTTP2)), true);
  assertEquals(isStreamNoise(errorAt("unexpected end of file", HTTP2, LOOP)), true);
});

Deno.test("what passed through our code, came from elsewhere, or is a bug, is not", () => {
  const closed = "stream closed because of a broken pipe";
  assertEquals(isStreamNoise(errorAt(closed, HTTP2, "file:///lib/etcd/watch.ts:3:1")), false);
  assertEquals(isStreamNoise(errorAt(closed, LOOP)), false);
  assertEquals(isStreamNoise(errorAt(closed)), false);
  assertEquals(isStreamNoise(Object.assign(errorAt("x", HTTP2), { name: "TypeError" })), false);
  assertEquals(isStreamNoise("stream closed"), false);
});
