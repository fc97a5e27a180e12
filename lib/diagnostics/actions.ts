/**
 * What the API lets an operator do. With a token configured, every action needs it, from wherever it
 * comes; without one, actions are taken from loopback only. Neither is open to a web page of somebody
 * else: a JSON body cannot be sent across origins without being asked first, and an Origin header
 * must be our own.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import type { Context, Hono, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { describeError, type Log } from "../log.ts";
import { reportOf } from "../resync_report.ts";
import type { ResyncWish } from "../resync_request.ts";
import type { ResyncAnswer, StepDown } from "../state_records.ts";

/** What the actions need. */
export interface ActionDeps {
  /** Bearer token, or null: loopback only. */
  readonly token: string | null;
  /** Asks the manager; rejects when it does not answer. */
  stepDown(by: string, pauseSeconds: number): Promise<NonNullable<StepDown["outcome"]>>;
  /** Leaves a request for the resource syncer and resolves to its id; rejects on a standby. */
  requestResync(wish: ResyncWish): Promise<string>;
  /** The last request's answer. */
  readResync(): Promise<ResyncAnswer | null>;
  readonly log: Log;
}

const MAX_BODY_BYTES = 65_536;
const stepDownBody = z.strictObject({
  pause_seconds: z.number().int().min(0).max(86_400).default(60),
});

const ids = z.array(z.string().min(1).max(64)).max(500).default([]);
const resyncBody = z.strictObject({
  networks: ids,
  subnets: ids,
  ports: ids,
  security_groups: ids,
  include_sgs_for_ports: z.boolean().default(false),
  dry_run: z.boolean().default(false),
  allow_empty: z.boolean().default(false),
});

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => c.json({ error: `a body has at most ${MAX_BODY_BYTES} bytes` }, 413),
});

type Checks = readonly [MiddlewareHandler, MiddlewareHandler];

/** Adds the actions below `/api/v1/`. */
export function addActions(app: Hono, deps: ActionDeps): void {
  const checks: Checks = [authorize(deps.token), limitBody];
  addResync(app, checks, deps);
  app.post("/api/v1/step-down", ...checks, async (c) => {
    const text = await c.req.text();
    const parsed = stepDownBody.safeParse(text.trim() === "" ? {} : tryJson(text));
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error) }, 400);
    const by = `the API from ${peer(c) ?? "an unknown address"}`;
    try {
      const outcome = await deps.stepDown(by, parsed.data.pause_seconds);
      deps.log.info("step-down was asked for", { by, outcome });
      return c.json({ outcome }, outcome === "stepped down" ? 200 : 409);
    } catch (error) {
      return c.json({ error: describeError(error) }, 503);
    }
  });
}

function addResync(app: Hono, checks: Checks, deps: ActionDeps): void {
  app.post("/api/v1/resync", ...checks, async (c) => {
    const text = await c.req.text();
    const parsed = resyncBody.safeParse(text.trim() === "" ? {} : tryJson(text));
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error) }, 400);
    const { security_groups, include_sgs_for_ports, dry_run, allow_empty, ...rest } = parsed.data;
    const by = `the API from ${peer(c) ?? "an unknown address"}`;
    try {
      const id = await deps.requestResync({
        ...rest,
        by,
        groups: security_groups,
        includeGroups: include_sgs_for_ports,
        dryRun: dry_run,
        allowEmpty: allow_empty,
      });
      deps.log.info("resync was asked for", { by, id });
      return c.json({ id, result: "/api/v1/resync" }, 202);
    } catch (error) {
      return c.json({ error: describeError(error) }, 409);
    }
  });
  app.get("/api/v1/resync", async (c) => {
    const answer = await deps.readResync();
    if (!answer) return c.json({ error: "no resync was asked for yet" }, 404);
    return c.json(reportOf(answer));
  });
}

/** Refuses who may not act: 401 without the token, 403 from elsewhere or another site. */
function authorize(token: string | null): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && !sameOrigin(origin, c)) {
      return c.json({ error: "actions are not taken from another site" }, 403);
    }
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") {
      return c.json({ error: "actions need Content-Type: application/json" }, 415);
    }
    if (token === null) {
      if (isLoopback(peer(c))) return await next();
      return c.json({ error: "without --api-token, actions are taken from loopback only" }, 403);
    }
    const given = /^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (given !== undefined && equalInConstantTime(given, token)) return await next();
    c.header("www-authenticate", "Bearer");
    return c.json({ error: "actions need the token, as Authorization: Bearer …" }, 401);
  };
}

function sameOrigin(origin: string, c: Context): boolean {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Address of the other end, from what `Deno.serve` passes along. */
function peer(c: Context): string | null {
  const env = c.env as { remoteAddr?: { hostname?: string } } | undefined;
  return env?.remoteAddr?.hostname ?? null;
}

function isLoopback(address: string | null): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address ?? "");
}

/** Compares digests' worth of bytes, so that neither content nor length shows in the time. */
function equalInConstantTime(given: string, token: string): boolean {
  const size = Math.max(Buffer.byteLength(given), Buffer.byteLength(token));
  const padded = (text: string) => Buffer.concat([Buffer.from(text)], size);
  return timingSafeEqual(padded(given), padded(token)) &&
    Buffer.byteLength(given) === Buffer.byteLength(token);
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
