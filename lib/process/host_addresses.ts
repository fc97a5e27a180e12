/**
 * What a host name stands for: the supervisor has no network, but a role's permissions must name every
 * address that its client will connect to. Reads the text of `/etc/hosts`; other names are looked up by
 * a tool, see `machine_places.ts`.
 *
 * @module
 */
import { bracketed } from "../base/host_and_port.ts";

/** Addresses per name in the text of a hosts file; IPv6 in brackets. */
export function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (!address) continue;
    const shown = bracketed(address);
    for (const alias of aliases) {
      names.set(alias, [...new Set([...(names.get(alias) ?? []), shown])]);
    }
  }
  return names;
}

/** The addresses of a host by the hosts file; `localhost` always has its loopback addresses. */
export function hostAddresses(host: string, hosts: Map<string, string[]>): string[] {
  const found = hosts.get(host) ?? [];
  return host === "localhost" ? [...new Set(["127.0.0.1", "[::1]", ...found])] : found;
}

/** Whether a URL's host is an address, and no name. */
export function isAddress(host: string): boolean {
  return host.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** Host names, not addresses, among the hosts of these URLs. */
export function namesAmong(urls: readonly string[]): string[] {
  const hosts = urls.map((url) => new URL(url).hostname);
  return [...new Set(hosts.filter((host) => !isAddress(host)))];
}
