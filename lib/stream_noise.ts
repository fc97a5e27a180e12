/**
 * Rejections that nobody can await: Deno's HTTP/2 writes in the background, and when the other side ends
 * a stream first, some versions let that write fail unhandled. The call to which the stream belongs
 * reports its own end, so these are no reason to end a role.
 *
 * @module
 */

/** Whether the error comes from the runtime's HTTP/2 alone: no frame of any other code. */
export function isStreamNoise(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return frames.length > 0 &&
    frames.every((frame) => /\b(node:http2|ext:[\w/.]*http2)/.test(frame)) &&
    /stream closed|broken pipe|reset/i.test(error.message);
}
