/** Writes text to a stream of this process. @module */

/** Standard output or standard error. */
interface Stream {
  writeSync(bytes: Uint8Array): number;
}

/** Between attempts at a stream that is full and does not block, ms. */
const FULL_MS = 5;

/**
 * Writes the whole text, and waits where the stream is full and does not block. When its reader is gone, nobody
 * misses the rest.
 *
 * @throws the stream takes no more, as on a full disk.
 */
export function writeAll(stream: Stream, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += stream.writeSync(bytes.subarray(at));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      pause(FULL_MS);
    }
  }
}

/** Writes as much of the text as the stream takes: a log that cannot be written must not hold the work up. */
export function write(stream: Stream, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch { /* whoever read it is gone; the work goes on */ }
}

/** Blocks this thread. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
