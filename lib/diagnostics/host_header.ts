/** What a request's Host header says. Pure. @module */

/** A host as a header names it. */
export interface NamedHost {
  /** In lower case, an IPv6 address in its brackets. */
  readonly name: string;
  /** The same with the port, where the header has one. */
  readonly whole: string;
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;

/** The host that a header names; null: it is malformed (RFC 9110, section 7.2). */
export function readHost(header: string): NamedHost | null {
  const whole = header.toLowerCase();
  const name = HOST.exec(whole)?.[1];
  // The pattern lets through what no URL may have, such as the port 99999 and the address 999.1.1.1.
  return name === undefined || !URL.canParse(`http://${whole}`) ? null : { name, whole };
}

/**
 * Whether a Host header may be answered. Names of the loopback and plain addresses always are: an
 * attacker's page can point its own *name* at us, but cannot have an address as its origin.
 * `allowedHosts` adds names, each for any port ("conductor.example") or for one ("node-1:9797").
 */
export function isAllowedHost(header: string, allowedHosts: readonly string[]): boolean {
  const host = readHost(header);
  if (host === null) return false;
  const { name, whole } = host;
  if (name === "localhost" || name.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) {
    return true;
  }
  return allowedHosts.some((allowed) => {
    const wanted = allowed.toLowerCase();
    return wanted === whole || wanted === name;
  });
}

/** Whether a Host header names whoever sends it: `localhost`, an address of 127.0.0.0/8, `[::1]`. */
export function isLoopbackHost(header: string): boolean {
  const host = readHost(header);
  if (host === null) return false;
  // A URL's parser writes an address in one way only, and leaves a name such as 127.example.org.
  const name = new URL(`http://${host.name}`).hostname;
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}
