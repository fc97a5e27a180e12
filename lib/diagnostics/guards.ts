/**
 * What every answer goes through: the Host check against DNS rebinding, GET only (POST for
 * actions), the length of the address, the client's rate, and the security headers.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Log } from "../base/log.ts";
import { isAllowedHost, readHost } from "./host_header.ts";
import { hostOf, peer } from "./peer.ts";
import type { RateLimit } from "./rate_limit.ts";
import { logRefused } from "./refusals.ts";

const MAX_URL_CHARS = 2048;
/** Where something may be posted: the API's actions and the page's button. */
const ACTIONS = /^\/api\/v1\/|^\/roles\/[a-z-]{1,40}\/restart$/;

const NONE = ["'none'"];
const OURS = ["'self'"];

/**
 * Sets the security headers: nothing but our own script and style; no frames, nothing inline, forms to
 * ourselves only. No Strict-Transport-Security: it would bind the host's other ports as well.
 */
export const securityHeaders: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: NONE,
    scriptSrc: OURS,
    styleSrc: OURS,
    imgSrc: OURS,
    connectSrc: OURS,
    baseUri: NONE,
    formAction: OURS,
    frameAncestors: NONE,
  },
  strictTransportSecurity: false,
  xFrameOptions: "DENY",
});

/**
 * Refuses malformed hosts (400), other hosts (403), other methods (405), long addresses (414) and
 * clients that ask too often (429); no answer is kept by a cache.
 */
export function guard(
  allowedHosts: readonly string[],
  rate: RateLimit,
  log: Log,
): MiddlewareHandler {
  return async (c, next) => {
    c.header("cache-control", "no-store");
    const host = hostOf(c);
    if (readHost(host) === null) {
      logRefused(log, "malformed", c);
      return c.text("The Host header is malformed.\n", 400);
    }
    if (!isAllowedHost(host, allowedHosts)) {
      logRefused(log, "host", c);
      return c.text("This name is not served here: use the node's address or localhost.\n", 403);
    }
    const action = c.req.method === "POST" && ACTIONS.test(c.req.path);
    if (!action && c.req.method !== "GET" && c.req.method !== "HEAD") {
      logRefused(log, "method", c);
      return c.text("Only GET is served here.\n", 405, { allow: "GET, HEAD" });
    }
    if (c.req.url.length > MAX_URL_CHARS) {
      logRefused(log, "length", c);
      return c.text("This address is too long.\n", 414);
    }
    const wait = rate.take(peer(c) ?? "");
    if (wait > 0) {
      logRefused(log, "rate", c);
      return c.text("Too many requests; try again later.\n", 429, { "retry-after": String(wait) });
    }
    return await next();
  };
}
