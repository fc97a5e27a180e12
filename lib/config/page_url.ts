/** Where a node's page is. @module */
import { hostAndPort } from "../base/host_and_port.ts";
import type { Config } from "./config_types.ts";

/** Its URL, without a slash at the end. */
export function pageUrl({ host, port, tls }: Config["diagnostics"]): string {
  return `${tls ? "https" : "http"}://${hostAndPort(host, port)}`;
}

/** The address at which a page that listens on `host` is reached from this machine. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
