/** What a page that listens for other machines lacks. Pure. @module */
import type { Config } from "../config/config_types.ts";
import { isLoopback } from "../config/page_url.ts";

const READ =
  "the page listens for other machines without TLS: all that it shows can be read on the " +
  "way; give it --listen-tls-cert and --listen-tls-key, or leave TLS to a proxy in front of it";
const ACT =
  "the page listens for other machines without CONDUCTOR_API_TOKEN: actions are taken from " +
  "this machine only, which whatever passes on connections here may pretend to be; set the token";
const BOTH =
  "the page listens for other machines without TLS and without CONDUCTOR_API_TOKEN: all that it shows " +
  "can be read on the way, and actions are taken from this machine only, which whatever passes on " +
  "connections here may pretend to be; give it --listen-tls-cert and --listen-tls-key, and set the token";
const NAMES =
  "the page answers to other names (--allowed-hosts) without CONDUCTOR_API_TOKEN: who " +
  "comes through a proxy on this machine may count as this machine and act; set the token";

/** How it listens, and who may act. */
type Listening = Pick<Config["diagnostics"], "host" | "tls" | "apiToken" | "allowedHosts">;

/** What to warn of before it listens; null: nothing. */
export function exposureOf({ host, tls, apiToken, allowedHosts }: Listening): string | null {
  if (isLoopback(host)) return apiToken === null && allowedHosts.length > 0 ? NAMES : null;
  if (tls !== null && apiToken !== null) return null;
  if (tls !== null) return ACT;
  return apiToken === null ? BOTH : READ;
}
