/**
 * Who may act. With a token configured, every action needs it, from wherever it comes; without one,
 * actions are taken from loopback only. Neither is open to a web page of somebody else: a JSON body
 * cannot be sent across origins without being asked first, an Origin header must be our own, and what
 * a browser says of the site that asks must not be another one.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { isLoopback, peer } from "../guards.ts";
import { throughApi } from "../../state/asked_by.ts";

const MAX_BODY_BYTES = 65_536;

/** Refuses who may not act: 401 without the token, 403 from elsewhere or another site. */
export function authorize(token: string | null): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    const site = c.req.header("sec-fetch-site") ?? "none";
    const foreign = site !== "same-origin" && site !== "none";
    if (foreign || (origin !== undefined && !sameOrigin(origin, c))) {
      return c.json({ error: "actions are not taken from another site" }, 403);
    }
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") {
      return c.json({ error: "actions need Content-Type: application/json" }, 415);
    }
    if (token === null) {
      if (isLoopback(peer(c))) return await next();
      return c.json(
        { error: "without CONDUCTOR_API_TOKEN, actions are taken from loopback only" },
        403,
      );
    }
    const given = /^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (given !== undefined && equalInConstantTime(given, token)) {
      c.set("withToken", true);
      return await next();
    }
    c.header("www-authenticate", "Bearer");
    return c.json({ error: "actions need the token, as Authorization: Bearer …" }, 401);
  };
}

/** Refuses a body that is too large with 413. */
export const limitBody: MiddlewareHandler = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => c.json({ error: `a body has at most ${MAX_BODY_BYTES} bytes` }, 413),
});

/** Takes an empty body for `{}`: every field of an action has a default. */
export const emptyIsObject: MiddlewareHandler = async (c, next) => {
  // Typed as the texts, Hono's cache holds promises of them.
  const cache = c.req.bodyCache as Record<string, Promise<unknown>>;
  if ((await c.req.text()).trim() === "") cache.text = Promise.resolve("{}");
  await next();
};

/** Who asks, for logs and events. */
export function asker(c: Context): string {
  return throughApi(peer(c), c.get("withToken") === true);
}

function sameOrigin(origin: string, c: Context): boolean {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Compares digests, which are of one length: neither content nor length shows in the time. */
function equalInConstantTime(given: string, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
