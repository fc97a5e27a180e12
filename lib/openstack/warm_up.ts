/**
 * Neutron's workers that have not read their database yet. From 2025.1 on, such a one answers 500 to
 * all requests about ports: it names a part of a port that SQLAlchemy only makes with the first query (seen
 * with 26.0 and 29.0; `get_ports` in neutron/db/db_base_plugin_v2.py). A list of anything else is such a query.
 * A worker begins like that whenever it is started, also alone, in another's place, and nobody can choose
 * which of them a request goes to.
 *
 * @module
 */
import { abortable } from "../base/abortable.ts";
import { isRefused, OpenstackError } from "./http.ts";
import type { KeystoneAuth, SentInit } from "./keystone.ts";

/** What reads a worker's database and gives nothing, in whatever cloud. */
const NOTHING = "networks?fields=id&id=00000000-0000-0000-0000-000000000000";
/** Sent at a time, so that they reach several workers: one that is busy takes no other. */
const AT_ONCE = 8;

/** What of a login this needs. */
export type Fetcher = Pick<KeystoneAuth, "fetch">;

/** Where Neutron is, and who is told. */
export interface WarmUpOptions {
  /** Its URL without `/v2.0`. */
  readonly neutronUrl: string;
  /** Called with the refusal before other lists are asked for because of it. */
  onWarmUp?(refusal: OpenstackError): void;
}

/**
 * What `read` makes of Neutron's answer. Each further try after a 500, of which there are as many as ever,
 * comes after small lists of networks, until none of these is answered: then it is not that, and a Neutron
 * that can do nothing gets no more of them.
 *
 * @throws {OpenstackError} as {@linkcode KeystoneAuth.fetch}; a 500 that stays says that this was tried.
 */
export async function fetchWarm<T>(
  auth: Fetcher,
  { neutronUrl, onWarmUp }: WarmUpOptions,
  url: string,
  signal: AbortSignal,
  read: (response: Response) => Promise<T>,
  init: Omit<SentInit, "beforeRetry"> = {},
): Promise<T> {
  let tries = 0;
  let mayBeCold = true;
  const beforeRetry = async (refusal: OpenstackError) => {
    if (refusal.status !== 500 || !mayBeCold) return;
    onWarmUp?.(refusal);
    mayBeCold = await warmUp(auth, neutronUrl, signal);
    if (mayBeCold) tries++;
  };
  try {
    return await auth.fetch(url, signal, read, { ...init, beforeRetry });
  } catch (error) {
    if (tries === 0 || !isRefused(error, 500)) throw error;
    throw new OpenstackError(
      `${error.message} (so it did each of ${tries} times after other lists had been read)`,
      500,
      { cause: error },
    );
  }
}

/** Of each login the one that is under way. */
const underWay = new WeakMap<Fetcher, Promise<boolean>>();

/**
 * Has several workers read something; whether any of them did. One at a time: requests that are refused at the same
 * time wait for the same, or Neutron would get so many for each of them.
 */
async function warmUp(auth: Fetcher, neutronUrl: string, signal: AbortSignal): Promise<boolean> {
  for (let others; (others = underWay.get(auth)) !== undefined;) {
    // When somebody else's is aborted, that tells nothing.
    const isAnswered = await abortable(others.catch(() => null), signal);
    if (isAnswered !== null) return isAnswered;
  }
  const mine = readSome(auth, neutronUrl, signal);
  underWay.set(auth, mine);
  try {
    return await mine;
  } finally {
    underWay.delete(auth);
  }
}

/** Whether any of a few reads is answered. What they read does not count. */
async function readSome(auth: Fetcher, neutronUrl: string, signal: AbortSignal): Promise<boolean> {
  const url = `${neutronUrl}/v2.0/${NOTHING}`;
  const init: SentInit = { attempts: 1 };
  const one = () => auth.fetch(url, signal, async (response) => void await response.text(), init);
  const read = await Promise.allSettled(Array.from({ length: AT_ONCE }, one));
  signal.throwIfAborted();
  return read.some(({ status }) => status === "fulfilled");
}
