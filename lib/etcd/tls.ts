/**
 * TLS to etcd: the certificates as they are on disk when a connection is made, so that renewed ones are
 * taken without a restart, and a sentence for each way in which a connection fails.
 *
 * A pair that does not belong together, or a file that cannot be read, is half of a renewal: what was read
 * before stays in use until the files are whole.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import {
  connect,
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import type { EtcdConfig } from "../config/config_types.ts";
import { describeError } from "../base/log.ts";
import { isTooOldTls, OLDEST_TLS, TOO_OLD_TLS } from "../base/oldest_tls.ts";
import type { SecureConnector } from "./frame_filter.ts";

/**
 * After the handshake etcd speaks first: it sends its settings, or the alert with which it refuses our
 * certificate (TLS 1.3 ends the client's handshake before). Longest wait for either, ms.
 */
const FIRST_WORD_MS = 500;

/** Time for the handshake, ms: grpc-js would wait as long as the connection lives. */
const HANDSHAKE_MS = 10_000;

/** TLS with etcd failed; the message is for an operator and names the member. */
export class EtcdTlsError extends Error {
  override readonly name = "EtcdTlsError";
}

/** The connection ended, or has to end, before etcd had said anything. */
class EndedError extends Error {
  override readonly name = "EndedError";
}

type TlsConfig = Pick<EtcdConfig, "caFile" | "certFile" | "keyFile">;

/** Contents of the files, PEM. */
export interface TlsFiles {
  readonly ca: string;
  readonly own: { readonly cert: string; readonly key: string } | null;
}

/** The certificates of one configuration. */
export class EtcdTls {
  #files: TlsFiles;
  #stamp: string;
  #context: SecureContext;

  /** @throws {Error} a file cannot be read, is no PEM, or key and certificate do not belong together. */
  constructor(readonly config: TlsConfig) {
    this.#stamp = stampOf(config);
    this.#files = readFiles(config);
    this.#context = contextOf(this.#files);
  }

  /** What was read last and is whole; reads again when a file has changed. */
  files(): TlsFiles {
    this.#refresh();
    return this.#files;
  }

  /** As etcd3 takes them. */
  credentials(): { rootCertificate: Buffer; certChain?: Buffer; privateKey?: Buffer } {
    const { ca, own } = this.#files;
    return {
      rootCertificate: Buffer.from(ca),
      ...own && { certChain: Buffer.from(own.cert), privateKey: Buffer.from(own.key) },
    };
  }

  /** Makes a connector use the files as they are when it connects, and say what fails. */
  follow(connector: SecureConnector): void {
    connector.connect = async (socket) => {
      this.#refresh();
      const options = { ...connector.connectionOptions, secureContext: this.#context, socket };
      try {
        return { socket: await connectTls(options), secure: true };
      } catch (error) {
        if (error instanceof EndedError) throw error;
        const member = `${options.host}:${socket.remotePort}`;
        throw new EtcdTlsError(this.#explain(error, member), { cause: error });
      }
    };
  }

  #refresh(): void {
    try {
      const stamp = stampOf(this.config);
      if (stamp === this.#stamp) return;
      const files = readFiles(this.config);
      this.#context = contextOf(files);
      this.#files = files;
      this.#stamp = stamp;
    } catch { /* not whole yet: looked at again with the next connection */ }
  }

  #explain(error: unknown, member: string): string {
    const { caFile, certFile } = this.config;
    const code = String((error as { code?: unknown } | null)?.code ?? "");
    const text = `${code} ${describeError(error)}`;
    const its = `the certificate of etcd at ${member}`;
    if (isTooOldTls(error)) return `TLS with etcd at ${member} fails: ${TOO_OLD_TLS}`;
    if (/alert/i.test(text)) return this.#explainAlert(text, member);
    if (/expired/i.test(text)) return `${its} has expired: renew it`;
    if (/not.yet.valid/i.test(text)) return `${its} is not valid yet: compare the clocks`;
    if (/altname|valid.?for.?name/i.test(text)) {
      const names = /.*(?:altnames|list): (.*)$/.exec(describeError(error))?.[1];
      return `${its} is for other names${
        names ? ` (${names})` : ""
      }: name etcd as its certificate ` +
        "does (--etcd), or have the name or address added to it";
    }
    if (/verify|self.?signed|issuer/i.test(text)) {
      return `${its} is not signed by the CA in ${caFile} (etcd_ca_file)`;
    }
    if (/InvalidContentType|wrong.version/i.test(text)) {
      return `etcd at ${member} does not speak TLS: is it http://?`;
    }
    return `TLS with etcd at ${member} fails (${describeError(error)}): check ${
      [caFile, certFile].filter((path) => path !== null).join(" and ")
    }`;
  }

  /** etcd refused us: what it says differs by version, what we have shown does not. */
  #explainAlert(text: string, member: string): string {
    const { certFile } = this.config;
    const { own } = this.#files;
    if (own === null) {
      return `etcd at ${member} asks for a client certificate, and none is configured ` +
        "(etcd_cert_file, etcd_key_file)";
    }
    const { validTo } = new X509Certificate(own.cert);
    if (Date.parse(validTo) < Date.now()) {
      return `etcd at ${member} refuses our certificate ${certFile}, which has expired on ` +
        `${new Date(validTo).toISOString()}: renew it`;
    }
    const alert = /alert: (\w+)/.exec(text)?.[1];
    return `etcd at ${member} refuses our certificate ${certFile}${
      alert ? ` (${alert})` : ""
    }: is ` +
      "it signed by the CA that etcd trusts, and for clients?";
  }
}

/** A connection on which etcd has sent something. @throws what its certificate lacks, or the alert it has sent. */
function connectTls(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const late = `etcd has not answered the TLS handshake within ${HANDSHAKE_MS / 1000} s`;
    let timer = setTimeout(() => end(() => reject(new EndedError(late))), HANDSHAKE_MS);
    const end = (act: () => void) => {
      clearTimeout(timer);
      socket.off("readable", onReadable).off("close", onClose);
      act();
    };
    const onReadable = () => socket.readableLength > 0 && end(() => resolve(socket));
    const onClose = () => end(() => reject(new EndedError("etcd has ended the connection")));
    const socket = connect(options, () => {
      clearTimeout(timer);
      timer = setTimeout(() => end(() => resolve(socket)), FIRST_WORD_MS);
    });
    socket.on("error", (error) => end(() => reject(error)));
    socket.on("readable", onReadable).on("close", onClose);
  });
}

/** Changes with every renewal, also one that swaps a symbolic link. */
function stampOf({ caFile, certFile, keyFile }: TlsConfig): string {
  return [caFile, certFile, keyFile].map((path) => {
    if (path === null) return "";
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  }).join();
}

function readFiles({ caFile, certFile, keyFile }: TlsConfig): TlsFiles {
  const ca = Deno.readTextFileSync(caFile!);
  new X509Certificate(ca);
  if (certFile === null || keyFile === null) return { ca, own: null };
  const [cert, key] = [Deno.readTextFileSync(certFile), Deno.readTextFileSync(keyFile)];
  const belong = publicPart(new X509Certificate(cert).publicKey) ===
    publicPart(createPublicKey(createPrivateKey(key)));
  if (belong) return { ca, own: { cert, key } };
  throw new Error(`the key in ${keyFile} is not that of the certificate ${certFile}`);
}

function publicPart(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

function contextOf({ ca, own }: TlsFiles): SecureContext {
  return createSecureContext({ ca, ...own, minVersion: OLDEST_TLS });
}
