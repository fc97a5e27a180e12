/** The HTTP client that knows the cloud's own CA, when the configuration names one. @module */
import type { OpenstackConfig } from "./config.ts";
import { describeError } from "../base/log.ts";

/**
 * A client for Keystone, Neutron and Nova; undefined: the default one will do. Close it.
 *
 * @throws {Error} a file cannot be read or holds no PEM; the message names it.
 */
export function openHttpClient(
  { caFile, certFile, keyFile }: Pick<OpenstackConfig, "caFile" | "certFile" | "keyFile">,
): Deno.HttpClient | undefined {
  if (caFile === null && certFile === null) return undefined;
  const caCerts = caFile === null ? {} : { caCerts: [readPem("os_cacert", caFile)] };
  const own = certFile === null || keyFile === null
    ? {}
    : { cert: readPem("os_cert", certFile), key: readPem("os_key", keyFile) };
  try {
    return Deno.createHttpClient({ ...caCerts, ...own });
  } catch (error) {
    const files = [caFile, certFile, keyFile].filter((file) => file !== null).join(", ");
    // What it quotes is a line of the file.
    const why = describeError(error).replaceAll(/ ?"[^"]*"/g, "");
    throw new Error(`${files}: not usable for TLS (${why})`);
  }
}

function readPem(option: string, path: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new Error(`cannot read ${option} ${path}: ${describeError(error)}`);
  }
  if (!text.includes("-----BEGIN ")) throw new Error(`${option} ${path} is not a PEM file`);
  return text;
}
