/**
 * What a host name stands for, without a network: the supervisor has none, but a role's permissions
 * must name every address that its client will connect to. Reads the text of `/etc/hosts` and
 * `/etc/resolv.conf`.
 *
 * @module
 */

/** Addresses per name in the text of a hosts file; IPv6 in brackets. */
export function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (!address) continue;
    const shown = address.includes(":") ? `[${address}]` : address;
    for (const alias of aliases) {
      names.set(alias, [...new Set([...(names.get(alias) ?? []), shown])]);
    }
  }
  return names;
}

/** Name servers in the text of a resolver configuration, as `host:53`. */
export function parseNameServers(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    if (!address) return [];
    return [address.includes(":") ? `[${address}]:53` : `${address}:53`];
  });
}

/** The addresses of a host by the hosts file; `localhost` always has its loopback addresses. */
export function hostAddresses(host: string, hosts: Map<string, string[]>): string[] {
  const found = hosts.get(host) ?? [];
  return host === "localhost" ? [...new Set(["127.0.0.1", "[::1]", ...found])] : found;
}
