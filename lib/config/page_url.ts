/** Where a node's page is. @module */
import { hostAndPort } from "../base/host_and_port.ts";
import type { Config } from "./config_types.ts";

/** How it listens. */
type Listening = Pick<Config["diagnostics"], "host" | "port"> & { readonly tls: object | null };

/** Its URL, without a slash at the end. */
export function pageUrl({ host, port, tls }: Listening): string {
  return `${tls ? "https" : "http"}://${hostAndPort(host, port)}`;
}

/** Whether the host, an IPv6 address with or without brackets, is whoever asks for it. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|::1|\[::1\])$/i.test(host);
}

const HOST_NAME = /^[a-z0-9][a-z0-9.-]{0,252}$/i;

/**
 * The URL at which other machines reach it; null: it listens on loopback alone, or where is not known. A page
 * that listens on all addresses answers to the node's name, by default the host's.
 */
export function pageForOthers(
  { nodeName, diagnostics }: { readonly nodeName: string; readonly diagnostics: Listening },
): string | null {
  const { host } = diagnostics;
  if (isLoopback(host)) return null;
  if (host !== "0.0.0.0" && host !== "::") return pageUrl(diagnostics);
  return HOST_NAME.test(nodeName) ? pageUrl({ ...diagnostics, host: nodeName }) : null;
}

/** The address at which a page that listens on `host` is reached from this machine. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
