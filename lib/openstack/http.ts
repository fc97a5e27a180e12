/**
 * Requests to OpenStack's services: each with a deadline, retried with jitter where waiting helps
 * (429, 5xx, a broken connection), never longer than a bounded number of times.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { parseJson, parseJsonObject } from "../base/json.ts";
import { describeError } from "../base/log.ts";
import { isNotCapable } from "../base/not_capable.ts";
import { TOO_OLD_TLS } from "../base/oldest_tls.ts";
import { ANSWER_BYTES, ERROR_BYTES, LIST_BYTES, readBeginning } from "./body.ts";
import { shownUrl } from "./leads.ts";

/** A service refused or did not answer; the message names the URL, never a header or a body of ours. */
export class OpenstackError extends Error {
  override readonly name = "OpenstackError";
  constructor(message: string, readonly status: number | null, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Whether a service refused with one of these statuses. */
export function isRefused(error: unknown, ...statuses: number[]): error is OpenstackError {
  return error instanceof OpenstackError && statuses.includes(error.status!);
}

/** A request that sends JSON. */
export function sendJson(method: "POST" | "PUT", body: unknown): RequestInit {
  const headers = { "Content-Type": "application/json" };
  return { method, headers, body: JSON.stringify(body) };
}

/** Options of {@linkcode request}. */
export interface RequestOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Deadline of one attempt, ms. */
  readonly timeoutMs: number;
  readonly init?: RequestInit;
  /** Knows the CA of the service and our certificate; undefined: the usual CAs. */
  readonly client?: Deno.HttpClient;
  /** Attempts in all. @default 4 */
  readonly attempts?: number;
  /** Called before each attempt. */
  onAttempt?(): void;
  /** Called when an attempt has failed, whether or not there is a further one. */
  onFailure?(failure: OpenstackError): void;
  /** Awaited before each further attempt, and before the wait for it. */
  beforeRetry?(failure: OpenstackError): Promise<void>;
  /** A status outside 2xx that is an answer too. */
  readonly accept?: number;
}

/** Longest wait between two attempts. */
export const MAX_DELAY_MS = 10_000;
const BACKOFF: Backoff = { firstMs: 500, maxMs: MAX_DELAY_MS, jitter: "full" };

/**
 * What `read` makes of a successful response; a body that breaks off counts as a broken connection.
 * Redirects are not followed: they would carry a token to an address that nobody configured.
 *
 * @throws {OpenstackError} a status outside 2xx, or no answer, after the last attempt.
 */
export async function request<T>(
  url: string,
  options: RequestOptions,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { clock, signal, attempts = 4 } = options;
  for (let attempt = 1;; attempt++) {
    signal.throwIfAborted();
    options.onAttempt?.();
    const outcome = await once(url, options, read);
    if ("result" in outcome) return outcome.result;
    options.onFailure?.(outcome.failure);
    if (!outcome.again || attempt >= attempts) throw outcome.failure;
    await options.beforeRetry?.(outcome.failure);
    await clock.sleep(outcome.afterMs ?? backoffMs(BACKOFF, attempt - 1), signal);
  }
}

type Outcome<T> = { readonly result: T } | {
  readonly failure: OpenstackError;
  readonly again: boolean;
  /** When the service says when. */
  readonly afterMs?: number;
};

async function once<T>(
  url: string,
  { signal, timeoutMs, init, client, accept }: RequestOptions,
  read: (response: Response) => Promise<T>,
): Promise<Outcome<T>> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const response = await fetch(url, { redirect: "manual", ...init, signal: limit, client });
    if (response.ok || response.status === accept) return { result: await read(response) };
    return await refusal(url, response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OpenstackError) return { failure: error, again: false };
    const why = connectionProblem(error);
    const said = `${shown(url)} does not answer${why ? `: ${why}` : ""}`;
    // What a sentence can be said about does not pass by itself.
    return { failure: new OpenstackError(said, null, { cause: error }), again: !why };
  }
}

async function refusal(url: string, response: Response): Promise<Outcome<never>> {
  const { status } = response;
  const body = (await readBeginning(response, ERROR_BYTES)).text;
  const target = response.headers.get("location");
  const why = status >= 300 && status < 400 && target
    ? `it redirects to ${shownUrl(target)}: is that the URL to configure?`
    : serviceMessage(body);
  const failure = new OpenstackError(`${shown(url)} answered ${status}: ${why}`, status);
  const after = Number(response.headers.get("retry-after"));
  const again = status === 429 || status >= 500;
  return { failure, again, ...after > 0 && { afterMs: Math.min(MAX_DELAY_MS, after * 1000) } };
}

function shown(url: string): string {
  return url.split("?")[0]!;
}

/** What can be done about a connection that fails, by what its error says. */
const CONNECTION_PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [
    /UnknownIssuer|SelfSigned|CaUsedAsEndEntity/i,
    "no CA that we know signed its certificate, name the one that did with os_cacert",
  ],
  [/not valid for name/i, "its certificate is for another host name"],
  [/expired/i, "its certificate has expired"],
  [/ProtocolVersion/, TOO_OLD_TLS],
  [/InvalidContentType|CorruptMessage/i, "it does not speak TLS, is it http?"],
];

function connectionProblem(error: unknown): string | undefined {
  const text = describeError(error);
  const found = CONNECTION_PROBLEMS.find(([pattern]) => pattern.test(text));
  return found?.[1] ?? (isNotCapable(error) ? "it was not known at start" : undefined);
}

/** A service's own message in an error body, or the beginning of whatever it is. */
function serviceMessage(body: string): string {
  const parsed = parseJsonObject(body);
  if (parsed) {
    // Neutron, Keystone and Nova (badRequest, forbidden, … with a message) in this order.
    const inner = parsed.NeutronError ?? parsed.error ?? Object.values(parsed)[0];
    const message = (inner as { message?: unknown } | null)?.message;
    // Any other value is no sentence, and may have no text at all.
    return (typeof message === "string" ? message : body).slice(0, 300);
  }
  // The beginning is enough, and a pattern on hostile text takes the square of its length.
  const text = body.slice(0, 4000).replaceAll(/<(style|script)[^]*?<\/\1>|<[^<>]*>/gi, " ");
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 120) || "nothing more";
}

/** For answers whose body says nothing. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}

/**
 * The JSON in a response.
 *
 * @throws {OpenstackError} it is none, or longer than 16 MiB. @throws when the body breaks off.
 */
export const readJson = jsonUpTo(ANSWER_BYTES);

/** The same of a list, up to 256 MiB. */
export const readList = jsonUpTo(LIST_BYTES);

function jsonUpTo(maxBytes: number) {
  return async (response: Response): Promise<unknown> => {
    const { text, whole } = await readBeginning(response, maxBytes);
    const refuse = (why: string) =>
      new OpenstackError(`${shown(response.url)} ${why}`, response.status);
    const bound = `${Math.round(maxBytes / 1024 / 1024)} MiB`;
    if (!whole) throw refuse(`sent more than ${bound}, and was not read on`);
    const value = parseJson(text); // its error would quote what was sent, perhaps a token
    if (value === undefined) throw refuse("did not send JSON");
    return value;
  };
}

/** Whether the connection was closed on us: what uWSGI does to a request longer than its buffer. */
export function wasClosed(error: unknown): boolean {
  return error instanceof OpenstackError && error.status === null &&
    /connection (?:was )?(?:closed|reset)|broken pipe/i.test(describeError(error.cause));
}
