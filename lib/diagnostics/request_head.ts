/**
 * What is wrong with a request's head before anything looks at its path: what no `Request` can be made
 * of, and what two programs in a row could read differently. Pure.
 *
 * @module
 */
import { readHost } from "./host_header.ts";

/** A request's head as `node:http` has it. */
export interface Head {
  readonly method?: string;
  /** The request's target: a path with its query, or a whole URL. */
  readonly url?: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** How such a request is answered. */
export interface HeadFault {
  readonly code: 400 | 405;
  readonly kind: "malformed" | "method";
  readonly text: string;
}

/** TRACE would give back headers that scripts may not see; CONNECT and TRACK are a proxy's. */
const NEVER_SERVED = ["TRACE", "TRACK", "CONNECT"];

/** The answer to a method that is never served. */
const METHOD_FAULT: HeadFault = {
  code: 405,
  kind: "method",
  text: "Only GET is served here.\n",
};

/** What is wrong with a head; null: nothing. */
export function faultOf({ method = "", url = "", rawHeaders }: Head): HeadFault | null {
  if (NEVER_SERVED.includes(method)) return METHOD_FAULT;
  const hosts = hostsOf(rawHeaders);
  const host = hosts.length === 1 ? readHost(hosts[0]!) : null;
  if (host === null) {
    const text = "A request has one Host header, with a name or an address in it.\n";
    return { code: 400, kind: "malformed", text };
  }
  if (url.startsWith("/")) return null;
  // A whole URL takes the place of the Host header (RFC 9112, section 3.2.2), which is what is checked here.
  const named = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1]?.toLowerCase();
  if (named === host.whole) return null;
  return { code: 400, kind: "malformed", text: "What is asked for is not of its Host.\n" };
}

/** The values of all Host headers. */
export function hostsOf(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === "host");
}
