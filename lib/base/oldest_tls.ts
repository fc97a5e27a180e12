/**
 * The oldest TLS that is spoken. The runtime guarantees it on every path: Deno's `fetch`, `node:tls` (etcd,
 * the message bus) and `node:https` (the page) are made of rustls, which knows no version before 1.2, and a
 * lower `minVersion` is not heard. It is named all the same where an option takes it, so that another
 * runtime would not speak an older one.
 *
 * @module
 */
import { describeError } from "./log.ts";

/** As `node:tls` names it. */
export const OLDEST_TLS = "TLSv1.2";
/** What is to be said of a server that offers nothing newer than TLS 1.1. */
export const TOO_OLD_TLS = "it offers no TLS 1.2 or newer, and older ones are not spoken";

/** Whether that is why a handshake failed: the alert `protocol_version`. Source: RFC 8446, 6.2. */
export function isTooOldTls(error: unknown): boolean {
  return /ProtocolVersion|PROTOCOL_VERSION/.test(describeError(error));
}
