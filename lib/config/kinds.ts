/**
 * What an option or a flag may be: how its text is read, and what is allowed, in words for a message.
 *
 * @module
 */
import { isPeerHost } from "../base/peer_host.ts";
import { parseNetwork } from "../calico/ip_network.ts";
import { readBoolean, readInteger } from "./oslo_file.ts";
import { parseTransportUrl, type Transport, TRANSPORT_URL_FORM } from "./transport_url.ts";

/** One kind of value. */
export interface Kind<Value> {
  /** What is allowed, in words. */
  readonly allowed: string;
  /** The value, or null when the text is none of this kind. */
  parse(text: string): Value | null;
  /** A flag of this kind stands alone: `--name` means true. */
  readonly alone?: true;
  /** A flag of this kind may be given several times. */
  readonly repeatable?: true;
  /** What a shell completes it with: all that it may be, or paths. */
  readonly completes?: readonly string[] | "file" | "directory";
}

/** Any text that is not blank. */
export const string: Kind<string> = {
  allowed: "text",
  parse: (text) => text.trim() === "" ? null : text,
};

/** Path of a file. */
export const file: Kind<string> = {
  ...string,
  allowed: "the path of a file",
  completes: "file",
};

/** Path of a directory. */
export const directory: Kind<string> = {
  ...string,
  allowed: "the path of a directory",
  completes: "directory",
};

/** `true` or `false`, or another of oslo.config's words for them, in any case. */
export const boolean: Kind<boolean> = {
  allowed: "true | false",
  parse: readBoolean,
  alone: true,
};

/** A whole number, both bounds allowed. */
export function integer(min: number, max: number): Kind<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = readInteger(text);
      return value !== null && value >= min && value <= max ? value : null;
    },
  };
}

/** One of these words. */
export function choice<const Word extends string>(...of: readonly Word[]): Kind<Word> {
  return {
    allowed: of.join(" | "),
    completes: of,
    parse: (text) => of.find((word) => word === text) ?? null,
  };
}

/** A URL of HTTP, without the slashes at its end, and without a user: URLs are shown, a password must not be. */
export const url: Kind<string> = {
  allowed: "a URL such as http://host:9696, without a user",
  parse: (text) => isUrl(text) && !mayHaveUser(text) ? text.replace(/\/+$/, "") : null,
};

/** etcd's URLs, separated by commas; a bare `host:port` is one. */
export const urls: Kind<readonly string[]> = {
  allowed: "URLs such as http://host:2379, without a user, of one scheme, separated by commas",
  repeatable: true,
  parse(text) {
    const found = separated(text).filter((part) => part !== "")
      .map((part) => part.includes("://") ? part : `http://${part}`)
      .map((part) => part.replace(/\/$/, ""));
    const schemes = new Set(found.map((part) => part.split(":")[0]));
    return schemes.size === 1 && found.every((part) => isUrl(part) && !mayHaveUser(part))
      ? found
      : null;
  },
};

/** An address to listen on; an IPv6 address in brackets. */
export const listen: Kind<{ readonly host: string; readonly port: number }> = {
  allowed: "an address and a port such as 127.0.0.1:9797",
  parse(text) {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text);
    const port = Number(match?.[3]);
    const host = match?.[1] ?? match?.[2] ?? "";
    // Those two are all of this machine's addresses: to listen on, not to reach.
    const isHost = host === "0.0.0.0" || host === "::" || isPeerHost(host);
    return isHost && port >= 1 && port <= 65535 ? { host, port } : null;
  },
};

const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/;

/** Several texts of one form, in lower case. */
function several(of: string, isOne: (text: string) => boolean): Kind<readonly string[]> {
  return {
    allowed: `${of}, separated by commas`,
    parse(text) {
      const found = separated(text.toLowerCase());
      return found.every(isOne) ? found : null;
    },
  };
}

/** Host names, each with or without a port. */
export const hosts = several(
  "names such as conductor.example or conductor.example:443",
  (host) => HOST.test(host),
);

/** Networks in CIDR notation. */
export const networks = several(
  "networks such as 10.244.0.0/16",
  (network) => parseNetwork(network) !== null,
);

/** A message bus, as oslo.messaging names it. */
export const transport: Kind<Transport> = { allowed: TRANSPORT_URL_FORM, parse: parseTransportUrl };

/** An `@` elsewhere in a URL is written `%40`. */
function mayHaveUser(url: string): boolean {
  return url.includes("@");
}

/** The texts between the commas. */
export function separated(text: string): string[] {
  return text.split(",").map((part) => part.trim());
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) &&
    isPeerHost(new URL(text).hostname);
}
