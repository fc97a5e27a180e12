/** Bytes over a connection of their own, as no HTTP client would send them. @module */

const encoder = new TextEncoder();

/** Sends pieces of a request, one each `gapMs`; resolves to what comes back before the end. */
export async function drip(port: number, pieces: string[], gapMs: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const sending = (async () => {
    for (const piece of pieces) {
      await connection.write(encoder.encode(piece));
      await new Promise((resolve) => setTimeout(resolve, gapMs));
    }
  })().catch(() => {});
  let text = "";
  const buffer = new Uint8Array(65_536);
  try {
    for (let n; (n = await connection.read(buffer)) !== null;) {
      text += new TextDecoder().decode(buffer.subarray(0, n));
    }
  } catch { /* reset: it was closed as well */ }
  await sending;
  return text;
}
