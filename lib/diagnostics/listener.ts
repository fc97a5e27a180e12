/**
 * The page's socket: HTTP, or HTTPS with a certificate that can be changed while it listens. On
 * `node:http`, which has what `Deno.serve` has not: a time by which a request must have come, a
 * largest size of its head, a most number of connections.
 *
 * @module
 */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { OLDEST_TLS } from "../base/oldest_tls.ts";
import type { TlsFiles } from "./tls_files.ts";

/** What answers; the second argument is Hono's `env`. */
export type Fetch = (request: Request, env: PeerEnv) => Response | Promise<Response>;

/** Who asks, in the shape in which `Deno.serve` tells it. */
export interface PeerEnv {
  readonly remoteAddr: { readonly hostname: string };
}

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
}

/** A request's head has at most this many bytes. */
const MAX_HEAD_BYTES = 16_384;
const KEEP_ALIVE_MS = 15_000;
/** What is being answered when the listener closes may take this long. */
const GRACE_MS = 500;

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
  limits: ListenerLimits = {},
): Promise<Listener> {
  const options = {
    headersTimeout: limits.headersTimeoutMs ?? 10_000,
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs ?? 1000),
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEAD_BYTES,
  };
  const answer = getRequestListener(
    (request, { incoming }) =>
      fetch(whole(request), {
        remoteAddr: { hostname: incoming.socket?.remoteAddress ?? "" },
      }),
    { overrideGlobalObjects: false },
  );
  const server = tls === null ? http.createServer(options, answer) : https.createServer({
    ...options,
    handshakeTimeout: options.headersTimeout,
    ALPNProtocols: ["http/1.1"],
    minVersion: OLDEST_TLS,
    cert: tls.cert,
    key: tls.key,
  }, answer);
  server.maxConnections = limits.maxConnections ?? 1000;
  server.setTimeout(limits.idleTimeoutMs ?? 60_000, (socket: Socket) => socket.destroy());
  const endHandshakes = trackConnections(server);
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    useCertificate({ cert, key }) {
      (server as https.Server).setSecureContext({ cert, key });
    },
    [Symbol.asyncDispose]() {
      return new Promise((resolve) => {
        // Whoever asked for the restart of this process is still to be answered.
        const timer = setTimeout(() => {
          server.closeAllConnections();
          endHandshakes();
        }, GRACE_MS);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}

/** What ends all connections, also those that come later; the server's own list lacks who has not ended its handshake. */
function trackConnections(server: http.Server | https.Server): () => void {
  const sockets = new Set<Socket>();
  let isOver = false;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (isOver) socket.destroy();
  });
  return () => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  };
}

/** The adapter's stand-in is quick, but no Request to code that makes another of one with a body. */
function whole(request: Request): Request {
  const { method, headers, body } = request;
  if (method === "GET" || method === "HEAD") return request;
  return new Request(request.url, { method, headers, body });
}
