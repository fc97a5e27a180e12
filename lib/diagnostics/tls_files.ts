/** The page's certificate and key: read, checked against each other, read again when they change. @module */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { describeError } from "../base/log.ts";

/** Where they are. */
export interface TlsPaths {
  /** PEM; the chain after the certificate itself. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** Their contents. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** The files cannot be used; the message names them and says why. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
}

/**
 * Reads both.
 *
 * @throws {TlsFilesError} one cannot be read, is no PEM, or they do not belong together.
 */
export async function readTlsFiles(paths: TlsPaths): Promise<TlsFiles> {
  const cert = await readPem(paths.cert);
  const key = await readPem(paths.key);
  let belong: boolean;
  try {
    belong = publicPart(new X509Certificate(cert).publicKey) ===
      publicPart(createPublicKey(createPrivateKey(key)));
  } catch (error) {
    throw new TlsFilesError(
      `${paths.cert} and ${paths.key} are no certificate and key: ${describeError(error)}`,
    );
  }
  if (belong) return { cert, key };
  throw new TlsFilesError(`the key in ${paths.key} is not that of the certificate ${paths.cert}`);
}

function publicPart(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

async function readPem(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new TlsFilesError(`${path} cannot be read: ${describeError(error)}`);
  }
}
