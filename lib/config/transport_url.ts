/**
 * oslo.messaging's transport URL: `rabbit://user:password@host:port,…/vhost`. Source of the rules:
 * oslo.messaging's `TransportURL` and what its RabbitMQ driver hands to kombu. Names and passwords are
 * percent-encoded; each host has its own user, and one without is logged in to as guest. Pure; no message
 * names a password.
 *
 * @module
 */
import { isPeerHost } from "../base/peer_host.ts";
import { readBoolean } from "./oslo_file.ts";

/** One broker. */
export interface BusHost {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** What a URL's query says instead of `[oslo_messaging_rabbit]`. */
export interface TransportQuery {
  /** `ssl` */
  readonly tls?: boolean;
  /** Paths of PEM files: `ssl_ca_file`, `ssl_cert_file`, `ssl_key_file`. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** What a transport URL says. */
export interface Transport {
  readonly hosts: readonly BusHost[];
  readonly virtualHost: string;
  /** `?ssl=1` */
  readonly tls: boolean;
  /** Left out when the query names nothing of it. */
  readonly query?: TransportQuery;
}

/** What it may be, in words. */
export const TRANSPORT_URL_FORM = "rabbit://user:password@host:5672,…/vhost";

const URL_FORM =
  /^(?:rabbit|amqp|kombu\+(?:rabbit|amqp)):\/\/([^/?]+)(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i;
const HOST = /^(\[[0-9a-fA-F:.]+\]|[^:@[\]\s/]+)(?::(\d{0,5}))?$/;
/** As whom oslo.messaging logs in where a URL names nobody. */
const NOBODY = "guest";

/** The parts of the URL, or null when it has another form. */
export function parseTransportUrl(url: string): Transport | null {
  const match = URL_FORM.exec(url.trim());
  if (!match) return null;
  const parts = match[1]!.split(",").map((part) => part.trim()).filter((part) => part !== "");
  const hosts = parts.map(parseHost);
  if (hosts.length === 0 || hosts.some((host) => host === null)) return null;
  const query = parseQuery(match[3] ?? "");
  if (query === null) return null;
  const known = { hosts: hosts as BusHost[], virtualHost: virtualHostOf(match[2] ?? "") };
  const tls = query.tls ?? false;
  return Object.keys(query).length === 0 ? { ...known, tls } : { ...known, tls, query };
}

/** One of the hosts; an `@` in a password need not be encoded. */
function parseHost(part: string): BusHost | null {
  const at = part.lastIndexOf("@");
  const found = HOST.exec(part.slice(at + 1));
  const host = found?.[1] ?? "";
  const port = Number(found?.[2] || "5672");
  if (port < 1 || port > 65535 || !isPeerHost(host)) return null;
  const [, user = "", secret = ""] = /^([^:]*):?(.*)$/s.exec(part.slice(0, Math.max(at, 0)))!;
  return {
    username: unquote(user) || NOBODY,
    password: unquote(secret) || NOBODY,
    host: host.replace(/^\[|\]$/g, ""),
    port,
  };
}

/** It is decoded twice: by oslo.messaging, and by kombu, which takes it out of a URL again. */
function virtualHostOf(path: string): string {
  return unquote(unquote(path).replace(/[?#].*$/s, "")) || "/";
}

/** What the query says of TLS; null: a value that oslo.messaging refuses. */
function parseQuery(text: string): TransportQuery | null {
  const query = new URLSearchParams(text);
  const given = (name: string) =>
    query.getAll(name).filter((value) => value !== "").join(",") || undefined;
  const ssl = given("ssl");
  const tls = ssl === undefined ? undefined : readBoolean(ssl);
  if (tls === null) return null;
  const all = {
    tls,
    caFile: given("ssl_ca_file"),
    certFile: given("ssl_cert_file"),
    keyFile: given("ssl_key_file"),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Percent-encoding undone as Python's `unquote` does it: what is none stays. */
function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = run.slice(1).split("%").map((digits) => parseInt(digits, 16));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes));
  });
}
