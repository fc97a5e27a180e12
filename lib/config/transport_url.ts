/**
 * oslo.messaging's transport URL: `rabbit://user:password@host:port,…/vhost`. Source of the rules:
 * oslo.messaging, "TransportURL". Names and passwords are percent-encoded; a host without a user takes
 * that of the host before it. Pure; no message names a password.
 *
 * @module
 */
import { isPeerHost } from "../base/peer_host.ts";

/** One broker. */
export interface BusHost {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** What a transport URL says. */
export interface Transport {
  readonly hosts: readonly BusHost[];
  readonly virtualHost: string;
  /** `?ssl=1` */
  readonly tls: boolean;
}

/** What it may be, in words. */
export const TRANSPORT_URL_FORM = "rabbit://user:password@host:5672,…/vhost";

const HOST = /^(?:([^:@]*)(?::([^@]*))?@)?(\[[0-9a-fA-F:.]+\]|[^:@[\]\s/]+)(?::(\d{1,5}))?$/;

/** The parts of the URL, or null when it has another form. */
export function parseTransportUrl(url: string): Transport | null {
  const match = /^(?:rabbit|amqp|kombu\+(?:rabbit|amqp)):\/\/([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/
    .exec(url.trim());
  if (!match) return null;
  const hosts: BusHost[] = [];
  try {
    for (const part of match[1]!.split(",")) {
      const found = HOST.exec(part.trim());
      if (!found) return null;
      const [, user, secret = "", host, digits = "5672"] = found;
      const port = Number(digits);
      if (port < 1 || port > 65535 || !isPeerHost(host!)) return null;
      const login = user === undefined
        ? hosts.at(-1) ?? { username: "guest", password: "guest" }
        : { username: decodeURIComponent(user), password: decodeURIComponent(secret) };
      hosts.push({ ...login, host: host!.replace(/^\[|\]$/g, ""), port });
    }
    const virtualHost = decodeURIComponent(match[2] ?? "") || "/";
    const ssl = new URLSearchParams(match[3] ?? "").get("ssl") ?? "";
    return { hosts, virtualHost, tls: /^(1|true|yes|on)$/i.test(ssl) };
  } catch {
    return null; // a stray "%"
  }
}
