/**
 * Bodies of answers, read no further than a bound: what a broken server or proxy sends without an end must
 * not fill the memory. Counted is what comes out of decompression.
 *
 * @module
 */

/** Bytes of a page of a list; a port is some 1.2 kB, a security group of a thousand rules 500 kB. */
export const LIST_BYTES = 256 * 1024 * 1024;
/** Bytes of any other answer. */
export const ANSWER_BYTES = 16 * 1024 * 1024;
/** Bytes of an error's body that are looked at. */
export const ERROR_BYTES = 64 * 1024;

/** The beginning of a body. */
export interface Beginning {
  /** As UTF-8. */
  readonly text: string;
  /** Whether that is all of it; if not, the rest is not read. */
  readonly whole: boolean;
}

/**
 * Whether the service says how long the body is, and that is short enough: then no more comes, and reading it
 * in one go takes half the time. What is decompressed has no such header any more.
 */
function isWithin({ headers }: Response, maxBytes: number): boolean {
  const length = headers.get("content-length");
  return length !== null && /^\d+$/.test(length) && Number(length) <= maxBytes &&
    !headers.has("content-encoding");
}

/** The body's first bytes. @throws when it breaks off, or the request's signal aborts. */
export async function readBeginning(response: Response, maxBytes: number): Promise<Beginning> {
  if (isWithin(response, maxBytes)) return { text: await response.text(), whole: true };
  const decoder = new TextDecoder();
  const parts: string[] = [];
  // Put together when it is asked for: of what is too long nobody does.
  const beginning = (whole: boolean) => ({
    whole,
    get text() {
      return parts.join("");
    },
  });
  if (response.body === null) return beginning(true);
  const reader = response.body.getReader();
  let left = maxBytes;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) {
        parts.push(decoder.decode());
        return beginning(true);
      }
      parts.push(decoder.decode(value.subarray(0, left), { stream: true }));
      left -= value.length;
      if (left < 0) return beginning(false);
    }
  } finally {
    // Nothing to wait for: who sends without an end may not answer to this either.
    reader.cancel().catch(() => {});
  }
}
