/** Writes the whole text to a stream of this process; when its reader is gone, nothing. @module */
export function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    try {
      written += stream.writeSync(bytes.subarray(written));
    } catch {
      return;
    }
  }
}
