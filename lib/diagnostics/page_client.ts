/**
 * Reads a node's own page, for the command line. With TLS the page proves itself by holding exactly the
 * certificate of the configuration's file: its address need not be among the certificate's names, and
 * no authority is asked.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import http from "node:http";
import https from "node:https";
import type { TLSSocket } from "node:tls";
import { parseJson } from "../base/json.ts";
import { hostAndPort } from "../base/host_and_port.ts";

/** Where the page is. */
export interface PageAddress {
  readonly host: string;
  readonly port: number;
  /** PEM file of its certificate; null: plain HTTP. */
  readonly cert: string | null;
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * The JSON at a path.
 *
 * @throws when the page does not answer, answers something else, or holds another certificate.
 */
export async function readPage(
  { host, port, cert }: PageAddress,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const pinned = cert === null ? null : new X509Certificate(await Deno.readTextFile(cert));
  const options = { host, port, path, signal, headers: { host: hostAndPort(host, port) } };
  return await new Promise((resolve, reject) => {
    const request = pinned === null ? http.get(options, take) : https.get({
      ...options,
      rejectUnauthorized: false,
      agent: false,
    }, take);
    request.on("error", reject);

    function take(response: http.IncomingMessage): void {
      if (pinned !== null) {
        const shown = (response.socket as TLSSocket).getPeerCertificate();
        if (shown.fingerprint256 !== pinned.fingerprint256) {
          request.destroy(new Error(`it does not hold the certificate of ${cert}`));
          return;
        }
      }
      collect(response).then((text) => {
        const value = parseJson(text);
        if (response.statusCode !== 200) reject(new Error(`it answered ${response.statusCode}`));
        else if (value === undefined) reject(new Error("what it answers is no JSON"));
        else resolve(value);
      }).catch(reject);
    }
  });
}

async function collect(response: http.IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("its answer is too large");
    chunks.push(chunk);
  }
  return await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
}
