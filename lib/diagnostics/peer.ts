/**
 * Who asks: the other end of the connection, and whether that is somebody on this machine or stands for
 * somebody elsewhere. A proxy on this machine connects from loopback for everybody, so the address
 * alone says nothing of who asks.
 *
 * @module
 */
import type { Context } from "hono";
import { isLoopbackHost } from "./host_header.ts";

/** The other end, as the listener passes it along; Hono's `env`. */
export interface PeerEnv {
  readonly remoteAddr: { readonly hostname: string };
  /** @default "1.1" */
  readonly httpVersion?: string;
}

/** Why a request does not count as one of this machine. */
export type NotLocal = "address" | "host" | "forwarded";

/** Address of the other end; null where nothing is known of it. */
export function peer(c: Context): string | null {
  return env(c)?.remoteAddr?.hostname ?? null;
}

/** The host that a request is for. */
export function hostOf(c: Context): string {
  return c.req.header("host") ?? new URL(c.req.url).host;
}

/** Whether an address of a connection is this machine's own: 127.0.0.1 or ::1. */
export function isLoopback(address: string | null): boolean {
  return address === "::1" || /^(::ffff:)?127\.0\.0\.1$/i.test(address ?? "");
}

/**
 * Why a request cannot be trusted to come from this machine; null: it comes from loopback, for a Host
 * that is loopback, and nothing says that it was passed on.
 */
export function whyNotLocal(c: Context): NotLocal | null {
  if (!isLoopback(peer(c))) return "address";
  if (isPassedOn(c)) return "forwarded";
  return isLoopbackHost(hostOf(c)) ? null : "host";
}

/** What proxies, load balancers and content networks add to what they pass on. */
const FORWARDING = new RegExp(
  "^(" + [
    "forwarded|via|cdn-loop|x-scheme|x-varnish",
    "(x-)?forwarded-.+|x-forwarded",
    "(.+-)?(client|connecting|real|remote|originating|proxyuser)-?(ip|addr|user|host)",
    "(x-(original|envoy|amzn|azure|arr|cloud-trace|proxy)|cf|fly|fastly|wl-proxy|proxy|ssl-client)-.+",
  ].join("|") + ")$",
);

/** HTTP/1.0 is what no browser and no curl speaks, but proxies that add no header may. */
function isPassedOn(c: Context): boolean {
  if (env(c)?.httpVersion === "1.0") return true;
  return [...c.req.raw.headers.keys()].some((name) => FORWARDING.test(name));
}

function env(c: Context): Partial<PeerEnv> | undefined {
  return c.env as Partial<PeerEnv> | undefined;
}
