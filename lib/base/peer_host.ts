/**
 * Hosts that a process may be allowed to reach: each is one name or one address. Pure.
 *
 * Deno takes `*.example` in a permission for every name below `example`, and the operating system takes
 * the unspecified address (`0.0.0.0`, `::`) for this machine: neither is a host that somebody can be
 * reached at.
 *
 * @module
 */

/** A name of the DNS or of the hosts file, or the text of an IPv4 address. */
const NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
const UNSPECIFIED = new Set(["0.0.0.0", "[::]", "[::ffff:0:0]"]);

/** What is allowed, in words. */
export const PEER_HOST_FORM = "one name or address, no wildcard such as *.example or 0.0.0.0";

/** Whether it is one name or address, an IPv6 address with or without brackets. */
export function isPeerHost(host: string): boolean {
  const isV6 = host.includes(":");
  if (!isV6 && !NAME.test(host)) return false;
  const url = `http://${isV6 && !host.startsWith("[") ? `[${host}]` : host}/`;
  // The URL's host is the address that the system makes of `0`, `0x0` and `[0:0::0]`.
  return URL.canParse(url) && !UNSPECIFIED.has(new URL(url).hostname);
}
