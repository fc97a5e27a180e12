/** Where a node's page is. @module */
import type { Config } from "../config_types.ts";
import { hostAndPort } from "../host_addresses.ts";

/** Its URL, without a slash at the end. */
export function pageUrl({ host, port, tls }: Config["diagnostics"]): string {
  return `${tls ? "https" : "http"}://${hostAndPort(host, port)}`;
}
