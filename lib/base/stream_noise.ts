/**
 * Rejections that nobody can await: Deno's HTTP/2 reads and writes in the background, and when the other
 * side ends a connection or a stream first, some versions let that fail unhandled. The call that it
 * carried reports its own end, so these are no reason to end a role.
 *
 * @module
 */

/** Errors that say that a program is wrong, wherever they are thrown. */
const BUGS = new Set([
  "TypeError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "AssertionError",
]);

/** Whether the error comes from the runtime's HTTP/2 and has passed through no other code. */
export function isStreamNoise(error: unknown): boolean {
  if (!(error instanceof Error) || BUGS.has(error.name)) return false;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const [origin, ...others] = frames;
  return origin !== undefined && /\bnode:http2\b|\bext:[\w/.]*http2/.test(origin) &&
    others.every((frame) => /\b(node|ext):/.test(frame));
}
