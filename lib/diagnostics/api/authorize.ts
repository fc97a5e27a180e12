/**
 * Who may act. With a token configured, every action needs it, from wherever it comes; without one,
 * actions are taken from this machine only. Neither is open to a web page of somebody else: a JSON body
 * cannot be sent across origins without being asked first, an Origin header must be our own, and what
 * a browser says of the site that asks must not be another one. A form any site may send: so it must
 * come with an Origin header, which browsers always send with one, and which must be our own.
 *
 * Hono's `bearer-auth` does not do the same: it answers 400 to a token with other characters than those of
 * RFC 6750, which operators may have chosen, and the form has its token in a field. Its `csrf` does not
 * either: it takes a form when the Origin or Sec-Fetch-Site is ours, where both must be, and passes JSON.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Log } from "../../base/log.ts";
import { hostOf, type NotLocal, peer, whyNotLocal } from "../peer.ts";
import { logRefused, type RefusalKind } from "../refusals.ts";
import { throughApi } from "../../state/asked_by.ts";

const MAX_BODY_BYTES = 65_536;

/** Why somebody may not act. */
export interface Refusal {
  readonly code: 401 | 403;
  readonly kind: RefusalKind;
  readonly error: string;
}

const FOREIGN: Refusal = {
  code: 403,
  kind: "site",
  error: "actions are not taken from another site",
};

const ELSEWHERE: Readonly<Record<NotLocal, string>> = {
  address: "this one does not come from loopback",
  host: "this one is for another host than localhost, 127.0.0.1 or [::1]",
  forwarded: "this one has come through a proxy",
};

/** Refuses who may not act: 401 without the token, 403 from elsewhere or another site. */
export function authorize(token: string | null, log: Log): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (isForeign(c) || (origin !== undefined && !sameOrigin(origin, c))) {
      logRefused(log, FOREIGN.kind, c);
      return c.json({ error: FOREIGN.error }, FOREIGN.code);
    }
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") {
      logRefused(log, "type", c);
      return c.json({ error: "actions need Content-Type: application/json" }, 415);
    }
    const given = /^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const refusal = refusalOf(
      c,
      token,
      given,
      "actions need the token, as Authorization: Bearer …",
    );
    if (refusal === null) return await next();
    logRefused(log, refusal.kind, c);
    if (refusal.code === 401) c.header("www-authenticate", "Bearer");
    return c.json({ error: refusal.error }, refusal.code);
  };
}

/** Why a form of the page is not taken, or null; `given`: what is in its field for the token. */
export function authorizeForm(
  c: Context,
  { token, log }: { readonly token: string | null; readonly log: Log },
  given: unknown,
): Refusal | null {
  const origin = c.req.header("origin");
  const text = typeof given === "string" ? given : undefined;
  const refusal = isForeign(c) || origin === undefined || !sameOrigin(origin, c)
    ? FOREIGN
    : refusalOf(c, token, text, "the token is missing or wrong");
  if (refusal) logRefused(log, refusal.kind, c);
  return refusal;
}

function refusalOf(
  c: Context,
  token: string | null,
  given: string | undefined,
  without: string,
): Refusal | null {
  if (token === null) {
    const why = whyNotLocal(c);
    if (why === null) return null;
    const error = "without CONDUCTOR_API_TOKEN, actions are taken from this machine only, and " +
      ELSEWHERE[why];
    return { code: 403, kind: `elsewhere-${why}`, error };
  }
  if (given === undefined || !equalInConstantTime(given, token)) {
    return { code: 401, kind: "token", error: without };
  }
  c.set("withToken", true);
  return null;
}

/** Whether the browser says that another site asks. */
function isForeign(c: Context): boolean {
  const site = c.req.header("sec-fetch-site") ?? "none";
  return site !== "same-origin" && site !== "none";
}

/** Refuses a body that is too large with 413. */
export function limitBody(log: Log): MiddlewareHandler {
  return bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: (c) => {
      logRefused(log, "size", c);
      return c.json({ error: `a body has at most ${MAX_BODY_BYTES} bytes` }, 413);
    },
  });
}

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
  return URL.canParse(origin) && new URL(origin).host === hostOf(c);
}

/** Compares digests, which are of one length: neither content nor length shows in the time. */
function equalInConstantTime(given: string, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
