import { assertEquals } from "./support/assert.ts";
import { isStreamNoise } from "../lib/stream_noise.ts";

function errorAt(message: string, ...frames: string[]): Error {
  const error = new Error(message);
  error.stack = [`Error: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}
const HTTP2 = "async node:http2:821:44";

Deno.test("a closed stream within the runtime's HTTP/2 is noise; anything of ours is not", () => {
  const closed = "stream closed because of a broken pipe";
  assertEquals(isStreamNoise(errorAt(closed, HTTP2)), true);
  assertEquals(isStreamNoise(errorAt(closed, HTTP2, "file:///lib/etcd/watch.ts:3:1")), false);
  assertEquals(isStreamNoise(errorAt(closed)), false);
  assertEquals(isStreamNoise(errorAt("x is not a function", HTTP2)), false);
  assertEquals(isStreamNoise("stream closed"), false);
});
