/** What an operator looks for: a port, a device, a host or an address, as one text. Pure. @module */
import { canonicalNetwork, parseNetwork } from "../calico/ip_network.ts";

/** Longest text, characters: that of a host's name. */
export const MAX_QUERY_CHARS = 253;

/** What is looked for. */
export interface TraceQuery {
  readonly text: string;
  /** The address as Neutron writes it; null: the text is none. */
  readonly address: string | null;
}

/** What a text asks for; null: nothing can have that name. */
export function readQuery(given: string): TraceQuery | null {
  const text = given.trim();
  if (text === "" || text.length > MAX_QUERY_CHARS || /[\s/\p{Cc}]/u.test(text)) return null;
  return { text, address: addressIn(text) };
}

/** What may be asked for, for whoever asked for something else. */
export const QUERY_HELP = "the id of a port or of a device (a VM), an IP address, or the name of " +
  `a host: at most ${MAX_QUERY_CHARS} characters without spaces and slashes`;

function addressIn(text: string): string | null {
  return parseNetwork(text) === null ? null : canonicalNetwork(text).split("/")[0]!;
}
