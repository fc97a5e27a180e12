/**
 * Requests to OpenStack's services: each with a deadline, retried with jitter where waiting helps
 * (429, 5xx, a broken connection), never longer than a bounded number of times.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** A service refused or did not answer; the message names the URL, never a header or a body of ours. */
export class OpenstackError extends Error {
  override readonly name = "OpenstackError";
  constructor(message: string, readonly status: number | null, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Options of {@linkcode request}. */
export interface RequestOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Deadline of one attempt, ms. */
  readonly timeoutMs: number;
  readonly init?: RequestInit;
  /** Attempts in all. @default 4 */
  readonly attempts?: number;
}

const MAX_DELAY_MS = 10_000;

/**
 * What `read` makes of a successful response; a body that breaks off counts as a broken connection.
 *
 * @throws {OpenstackError} a status outside 2xx, or no answer, after the last attempt.
 */
export async function request<T>(
  url: string,
  options: RequestOptions,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { clock, signal, timeoutMs, init, attempts = 4 } = options;
  for (let attempt = 1;; attempt++) {
    signal.throwIfAborted();
    let failure: OpenstackError;
    let delayMs = Math.random() * Math.min(MAX_DELAY_MS, 250 * 2 ** attempt);
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const response = await fetch(url, { ...init, signal: limit });
      if (response.ok) return await read(response);
      const body = (await response.text()).slice(0, 300);
      failure = new OpenstackError(
        `${url.split("?")[0]} answered ${response.status}: ${neutronMessage(body)}`,
        response.status,
      );
      if (response.status !== 429 && response.status < 500) throw failure;
      const after = Number(response.headers.get("retry-after"));
      if (after > 0) delayMs = Math.min(MAX_DELAY_MS, after * 1000);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof OpenstackError) throw error;
      failure = new OpenstackError(`${url.split("?")[0]} does not answer`, null, { cause: error });
    }
    if (attempt >= attempts) throw failure;
    await clock.sleep(delayMs, signal);
  }
}

/** Neutron's own message in an error body, or the beginning of whatever it is. */
function neutronMessage(body: string): string {
  try {
    const parsed = JSON.parse(body);
    return String(parsed.NeutronError?.message ?? parsed.error?.message ?? body);
  } catch {
    return body.replaceAll(/\s+/g, " ").slice(0, 120);
  }
}

/** For answers whose body says nothing. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}

/** The JSON in a response. @throws {OpenstackError} it is none. @throws when the body breaks off. */
export async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (error) {
    const url = response.url.split("?")[0];
    throw new OpenstackError(`${url} did not send JSON`, response.status, { cause: error });
  }
}
