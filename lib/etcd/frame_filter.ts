/**
 * A filter between a connection's socket and HTTP/2. When an etcd member announces that it closes the
 * connection (GOAWAY, RFC 9113 section 6.8), nothing more is passed on and the connection is destroyed: calls
 * then see what they see of a killed member and go to another. Without it, processes died inside the
 * runtime's HTTP/2 while members were restarted in order (Deno 2.9.6, etcd 3.5); no such end can be
 * caught.
 *
 * It also leaves out the TLS server name when the member is named by its address, which the runtime refuses
 * to send; the certificate is then checked against the address.
 *
 * It leans on names that etcd3 1.1 and grpc-js 1.13 and 1.14 keep to themselves, and says so when one of
 * them is missing.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import type { Etcd3 } from "etcd3";
import { unfit } from "./pool.ts";

/** Length (3 bytes), type, flags, stream (4 bytes). Source: RFC 9113, section 4.1. */
const HEADER_BYTES = 9;
const TYPE_AT = 3;
const GOAWAY = 7;

/** What grpc-js makes of credentials for one connection; its types are not exported. */
export interface SecureConnector {
  /** Of TLS only. */
  readonly connectionOptions?: {
    readonly host?: string;
    servername?: string;
    secureContext?: SecureContext;
  };
  connect(socket: Socket): Promise<{ socket: Duplex; secure: boolean }>;
}
interface Credentials {
  _isSecure(): boolean;
  _createSecureConnector(...args: unknown[]): SecureConnector;
}

/**
 * Puts the filter into all connections that the client will make.
 *
 * @param prepare sees to each connector with TLS before.
 * @throws {TypeError} etcd3 or grpc-js are of a version without the names that this leans on.
 */
export function filterFrames(etcd: Etcd3, prepare?: (connector: SecureConnector) => void): void {
  const { authenticator } = etcd["pool"] as unknown as {
    authenticator?: { credentials?: Credentials };
  };
  const credentials = authenticator?.credentials;
  if (!credentials) throw unfit("pool.authenticator.credentials");
  if (typeof credentials._createSecureConnector !== "function") {
    throw unfit("ChannelCredentials._createSecureConnector");
  }
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = create(...args);
    if (typeof connector?.connect !== "function") throw unfit("SecureConnector.connect");
    if (credentials._isSecure()) {
      omitAddress(connector);
      prepare?.(connector);
    }
    const connect = connector.connect.bind(connector);
    connector.connect = async (socket) => {
      const connected = await connect(socket);
      return { ...connected, socket: new FilteredSocket(connected.socket) };
    };
    return connector;
  };
}

function omitAddress({ connectionOptions }: SecureConnector): void {
  if (!connectionOptions) throw unfit("SecureConnector.connectionOptions");
  if (isIP(connectionOptions.servername ?? "")) delete connectionOptions.servername;
}

/** Passes everything on in both directions until the other side announces its end. */
export class FilteredSocket extends Duplex {
  readonly #inner: Duplex;
  /** Bytes of the header that is being read. */
  #headerAt = 0;
  #payloadLeft = 0;
  #type = 0;

  constructor(inner: Duplex) {
    super({ allowHalfOpen: false });
    this.#inner = inner;
    inner.on("data", (chunk: Buffer) => this.#receive(chunk));
    inner.on("end", () => this.push(null));
    inner.on("error", () => this.destroy()); // nobody listens for it once HTTP/2 runs
    inner.on("close", () => this.destroy());
  }

  /** Keeps the process running, as a socket does. */
  ref(): this {
    this.#socket.ref?.();
    return this;
  }

  /** See {@linkcode ref}. */
  unref(): this {
    this.#socket.unref?.();
    return this;
  }

  get #socket(): Partial<Pick<Socket, "ref" | "unref">> {
    return this.#inner as Partial<Socket>;
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.#inner.write(chunk, encoding, done);
  }

  /** HTTP/2 gives frames one by one, and each write of them would be a call of the system. */
  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ) {
    const last = chunks.pop()!;
    this.#inner.cork();
    for (const { chunk, encoding } of chunks) this.#inner.write(chunk, encoding);
    this.#inner.write(last.chunk, last.encoding, done);
    this.#inner.uncork();
  }

  override _final(done: () => void): void {
    this.#inner.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    if (this.destroyed) return;
    if (this.#announcesEnd(chunk)) this.destroy();
    else if (!this.push(chunk)) this.#inner.pause();
  }

  /** Walks over the frames of a chunk; a frame's header may be split over chunks. */
  #announcesEnd(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerAt < HEADER_BYTES) {
        const byte = chunk[at++]!;
        if (this.#headerAt < TYPE_AT) this.#payloadLeft = this.#payloadLeft * 256 + byte;
        else if (this.#headerAt === TYPE_AT) this.#type = byte;
        if (++this.#headerAt < HEADER_BYTES) continue;
        if (this.#type === GOAWAY) return true;
      } else {
        const skipped = Math.min(this.#payloadLeft, chunk.length - at);
        at += skipped;
        this.#payloadLeft -= skipped;
      }
      if (this.#payloadLeft === 0) this.#headerAt = 0;
    }
    return false;
  }
}
