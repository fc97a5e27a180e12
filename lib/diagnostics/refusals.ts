/**
 * What is logged of refused requests: who was refused, what and why. Never more of a request than its
 * method, path and Host; neither its query nor a header that may hold the token.
 *
 * @module
 */
import type { Context } from "hono";
import { clip } from "../base/clip.ts";
import { escapeControls } from "../base/escape_controls.ts";
import type { Log } from "../base/log.ts";
import { hostOf, peer } from "./peer.ts";

/** Each is a line of its own, so that many of one kind leave out none of another. */
const REFUSALS = {
  host: "request refused: this host is not served",
  malformed: "request refused: its head is malformed",
  method: "request refused: this method is not served",
  length: "request refused: its address is too long",
  rate: "request refused: this client asks too often",
  site: "action refused: another site asks for it",
  type: "action refused: its content type is not JSON",
  token: "action refused: the token is missing or wrong",
  "elsewhere-address": "action refused: no token is configured, and it comes from another machine",
  "elsewhere-host": "action refused: no token is configured, and its host is not a loopback one",
  "elsewhere-forwarded": "action refused: no token is configured, and it comes through a proxy",
  size: "action refused: its body is too large",
} as const;

/** Why a request was refused. */
export type RefusalKind = keyof typeof REFUSALS;

/** What a line says of the request. */
export interface Refused {
  readonly address: string | null;
  readonly method: string;
  readonly path: string;
  readonly host: string;
}

const MAX_CHARS = 100;

/** Logs a refusal; `log` is one that limits its warnings. */
export function logRefusal(log: Log, kind: RefusalKind, refused: Refused): void {
  log.warn(REFUSALS[kind], {
    address: refused.address ?? "unknown",
    method: safe(refused.method),
    path: safe(refused.path),
    host: safe(refused.host),
  });
}

/** Logs that the request in hand is refused. */
export function logRefused(log: Log, kind: RefusalKind, c: Context): void {
  const { method, path } = c.req;
  logRefusal(log, kind, { address: peer(c), method, path, host: hostOf(c) });
}

function safe(text: string): string {
  return clip(escapeControls(text.slice(0, MAX_CHARS + 1)), MAX_CHARS);
}
