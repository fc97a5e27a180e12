/**
 * What every answer goes through: the Host check against DNS rebinding, GET only (POST for
 * actions), the length of the address, the client's rate, and the security headers.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import type { RateLimit } from "./rate_limit.ts";

const MAX_URL_CHARS = 2048;
/** Where something may be posted: the API's actions and the page's button. */
const ACTIONS = /^\/api\/v1\/|^\/roles\/[a-z-]{1,40}\/restart$/;

/** Nothing but our own script and style; no frames, nothing inline, forms to ourselves only. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CSP,
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/**
 * Whether a Host header may be answered. Names of the loopback and plain addresses always are: an
 * attacker's page can point its own *name* at us, but cannot have an address as its origin.
 * `allowedHosts` adds names, each for any port ("conductor.example") or for one ("node-1:9797").
 */
export function isAllowedHost(header: string, allowedHosts: readonly string[]): boolean {
  const host = header.toLowerCase();
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host);
  const name = match?.[1];
  if (name === undefined) return false;
  if (name === "localhost" || name.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) {
    return true;
  }
  return allowedHosts.some((allowed) => {
    const wanted = allowed.toLowerCase();
    return wanted === host || wanted === name;
  });
}

/** Address of the other end, as the listener passes it along. */
export function peer(c: Context): string | null {
  const env = c.env as { remoteAddr?: { hostname?: string } } | undefined;
  return env?.remoteAddr?.hostname ?? null;
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string | null): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address ?? "");
}

/**
 * Refuses other hosts (403), other methods (405), long addresses (414) and clients that ask too often
 * (429), and sets the headers on every answer.
 */
export function guard(allowedHosts: readonly string[], rate: RateLimit): MiddlewareHandler {
  return async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    if (!isAllowedHost(host, allowedHosts)) {
      return c.text("This name is not served here: use the node's address or localhost.\n", 403);
    }
    const action = c.req.method === "POST" && ACTIONS.test(c.req.path);
    if (!action && c.req.method !== "GET" && c.req.method !== "HEAD") {
      return c.text("Only GET is served here.\n", 405, { allow: "GET, HEAD" });
    }
    if (c.req.url.length > MAX_URL_CHARS) return c.text("This address is too long.\n", 414);
    const wait = rate.take(peer(c) ?? "");
    if (wait > 0) {
      return c.text("Too many requests; try again later.\n", 429, { "retry-after": String(wait) });
    }
    return await next();
  };
}
