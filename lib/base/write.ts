/** Writes the whole text to a stream of this process; when its reader is gone, nothing. @module */
export function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch { /* whoever read it is gone; the work goes on */ }
}
