/**
 * The page's socket: HTTP, or HTTPS with a certificate that can be changed while it listens. On
 * `node:http`, which has what `Deno.serve` has not: a time by which a request must have come, a
 * largest size of its head, a say in which connections stay open.
 *
 * @module
 */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { deadline } from "../base/deadline.ts";
import { Connections } from "./connections.ts";
import type { PeerEnv } from "./peer.ts";
import type { RefusalKind, Refused } from "./refusals.ts";
import { faultOf, type HeadFault, hostsOf } from "./request_head.ts";
import { OLDEST_TLS } from "../base/oldest_tls.ts";
import type { TlsFiles } from "./tls_files.ts";

/** What answers; the second argument is Hono's `env`. */
export type Fetch = (request: Request, env: PeerEnv) => Response | Promise<Response>;

/** Limits of one listener. */
export interface ListenerLimits {
  /** Time for a request's head, ms. @default 10000 */
  readonly headersTimeoutMs?: number;
  /** Time for a whole request, its body included, ms. @default 30000 */
  readonly requestTimeoutMs?: number;
  /** A connection on which nothing moves for so long is closed, ms. @default 60000 */
  readonly idleTimeoutMs?: number;
  /** @default 1000 */
  readonly maxConnections?: number;
  /** Connections of one client, an IPv6 client being its /64. @default 64 */
  readonly maxOfClient?: number;
  /** Connections from this machine, where a proxy may stand for many. @default 500 */
  readonly maxOfLoopback?: number;
}

/** What a listener may be given besides. */
export interface ListenerOptions extends ListenerLimits {
  /** Hears of requests that the listener itself refuses. */
  refused?(kind: RefusalKind, refused: Refused): void;
  /** Hears that there are too many connections: the one from `address` was closed, or an idle one for it. */
  crowded?(address: string): void;
}

/** A request's head has at most this many bytes. */
const MAX_HEAD_BYTES = 16_384;
const KEEP_ALIVE_MS = 15_000;
/** What is being answered when the listener closes may take this long. */
const GRACE_MS = 500;
/**
 * The runtime has this long to say that all has closed; whatever it says, the listener counts as closed then.
 * Both together are less than the least `stop_timeout`, after which the role would be killed.
 */
const CLOSE_MS = 200;

/** An open listener; disposing closes it, its idle connections at once. */
export interface Listener extends AsyncDisposable {
  readonly port: number;
  /** Uses another certificate from the next connection on. HTTPS only. */
  useCertificate(files: TlsFiles): void;
}

/**
 * Listens.
 *
 * @param port 0: any that is free.
 * @throws when the address is taken or not this machine's (`code` as in Node.js).
 */
export async function openListener(
  fetch: Fetch,
  { host, port, tls }: { host: string; port: number; tls: TlsFiles | null },
  options: ListenerOptions = {},
): Promise<Listener> {
  const connections = new Connections({
    max: options.maxConnections ?? 1000,
    maxOfClient: options.maxOfClient ?? 64,
    maxOfLoopback: options.maxOfLoopback ?? 500,
  });
  const server = createServer(answerTo(fetch, connections, options), tls, options);
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    if (connections.add(socket) !== "taken") options.crowded?.(address);
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    useCertificate({ cert, key }) {
      (server as https.Server).setSecureContext({ cert, key });
    },
    async [Symbol.asyncDispose]() {
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeIdleConnections();
      // Whoever asked for the restart of this process is still to be answered.
      await deadline(closed, GRACE_MS, () => server.closeAllConnections());
      // The server's own list lacks who has not ended the handshake, and who asked for a tunnel.
      connections.closeAll();
      await deadline(closed, CLOSE_MS, () => {});
    },
  };
}

type Answer = (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => void;

function createServer(answer: Answer, tls: TlsFiles | null, limits: ListenerLimits) {
  const options = {
    headersTimeout: limits.headersTimeoutMs ?? 10_000,
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs ?? 1000),
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEAD_BYTES,
    // A missing one is answered as a malformed one is.
    requireHostHeader: false,
  };
  const server = tls === null ? http.createServer(options, answer) : https.createServer({
    ...options,
    handshakeTimeout: options.headersTimeout,
    ALPNProtocols: ["http/1.1"],
    minVersion: OLDEST_TLS,
    cert: tls.cert,
    key: tls.key,
  }, answer);
  server.setTimeout(limits.idleTimeoutMs ?? 60_000, (socket: Socket) => socket.destroy());
  // Without a listener, the runtime would close the connection and say nothing.
  server.on("connect", (incoming: http.IncomingMessage, socket: Socket) => {
    // The server no longer looks after this socket.
    socket.on("error", () => socket.destroy());
    const outgoing = new http.ServerResponse(incoming);
    outgoing.assignSocket(socket);
    outgoing.once("finish", () => socket.destroySoon());
    answer(incoming, outgoing);
  });
  return server;
}

/** What answers a request, or refuses it for its head. */
function answerTo(fetch: Fetch, connections: Connections, { refused }: ListenerOptions): Answer {
  const answer = getRequestListener(
    (request, { incoming }) =>
      fetch(whole(request), {
        remoteAddr: { hostname: incoming.socket?.remoteAddress ?? "" },
        httpVersion: incoming.httpVersion,
      }),
    { overrideGlobalObjects: false },
  );
  return (incoming, outgoing) => {
    outgoing.once("close", connections.answer(incoming.socket));
    const fault = faultOf(incoming);
    if (fault === null) {
      answer(incoming, outgoing);
      return;
    }
    const { method = "", url = "", rawHeaders, socket } = incoming;
    refused?.(fault.kind, {
      address: socket.remoteAddress ?? null,
      method,
      path: url.split("?")[0]!,
      host: hostsOf(rawHeaders).join(", "),
    });
    refuse(outgoing, fault);
  };
}

function refuse(outgoing: http.ServerResponse, { code, text }: HeadFault): void {
  outgoing.writeHead(code, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": text.length,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    connection: "close",
    ...(code === 405 ? { allow: "GET, HEAD" } : {}),
  });
  outgoing.end(text);
}

/** The adapter's stand-in is quick, but no Request to code that makes another of one with a body. */
function whole(request: Request): Request {
  const { method, headers, body } = request;
  if (method === "GET" || method === "HEAD") return request;
  return new Request(request.url, { method, headers, body });
}
