/**
 * What a host name stands for: the supervisor has no network, but a role's permissions must name every
 * address that its client will connect to. Reads the text of `/etc/hosts` and `/etc/resolv.conf`; for
 * other names a short-lived process that may look up these names alone is asked.
 *
 * @module
 */

/** `host:port`, an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

function bracketed(address: string): string {
  return address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
}

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

/** Name servers in the text of a resolver configuration, as `host:53`. */
export function parseNameServers(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    if (!address) return [];
    return [hostAndPort(address, 53)];
  });
}

/** The addresses of a host by the hosts file; `localhost` always has its loopback addresses. */
export function hostAddresses(host: string, hosts: Map<string, string[]>): string[] {
  const found = hosts.get(host) ?? [];
  return host === "localhost" ? [...new Set(["127.0.0.1", "[::1]", ...found])] : found;
}

/** Names among the hosts of these URLs that the hosts file does not tell. */
export function namesToLookUp(urls: readonly string[], hosts: Map<string, string[]>): string[] {
  const names = urls.map((url) => new URL(url).hostname)
    .filter((host) => !host.startsWith("[") && !/^\d+\.\d+\.\d+\.\d+$/.test(host))
    .filter((host) => hostAddresses(host, hosts).length === 0);
  return [...new Set(names)];
}

/** What it takes to start the process that looks names up. */
export interface LookupOptions {
  readonly executable: string;
  /** Path of `roles/name_lookup.ts`. */
  readonly module: string;
  readonly env: Record<string, string>;
  /** Deadline, ms. */
  readonly timeoutMs: number;
}

/** Addresses by name; a name without an entry could not be looked up. */
export async function lookUp(
  names: readonly string[],
  { executable, module, env, timeoutMs }: LookupOptions,
): Promise<Map<string, string[]>> {
  if (names.length === 0) return new Map();
  const { stdout } = await new Deno.Command(executable, {
    args: ["run", "--quiet", "--no-prompt", `--allow-net=${names.join(",")}`, module, ...names],
    env,
    clearEnv: true,
    stdin: "null",
    stderr: "null",
    signal: AbortSignal.timeout(timeoutMs),
  }).output();
  try {
    const found = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, string[]>;
    return new Map(Object.entries(found).filter(([, addresses]) => addresses.length > 0));
  } catch {
    return new Map(); // it did not finish in time
  }
}
