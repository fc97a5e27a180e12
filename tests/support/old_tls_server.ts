/** A server of a test's own that speaks TLS of one version alone, by openssl. @module */
import { assert, eventually } from "./assert.ts";
import { freePort } from "./etcd_server.ts";
import { outputOf } from "./in_time.ts";

/** A version, as openssl's flags name it. */
export type TlsVersion = "tls1_1" | "tls1_2" | "tls1_3";

/** What lets openssl 3 speak versions before 1.2. */
const OLD_CIPHERS = ["-cipher", "ALL:@SECLEVEL=0"];

/** A running server: any request of HTTP is answered 200. */
export interface OldTlsServer extends AsyncDisposable {
  readonly port: number;
}

/** Starts one on 127.0.0.1 that shows `cert`; resolves once a client of that version is served. */
export async function startOldTls(
  version: TlsVersion,
  { cert, key }: { cert: string; key: string },
): Promise<OldTlsServer> {
  const port = freePort();
  const files = ["-cert", cert, "-key", key];
  const process = new Deno.Command("openssl", {
    args: [
      "s_server",
      "-accept",
      `127.0.0.1:${port}`,
      ...files,
      `-${version}`,
      ...OLD_CIPHERS,
      "-www",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await eventually(`a server of ${version}`, () => speaks(port, version), 30_000);
  return {
    port,
    async [Symbol.asyncDispose]() {
      process.kill("SIGKILL");
      await process.status;
    },
  };
}

/** Whether who listens at that port of 127.0.0.1 ends a handshake of that version. */
export async function speaks(port: number, version: TlsVersion): Promise<boolean> {
  const { stdout } = await outputOf("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, `-${version}`, ...OLD_CIPHERS],
    stdin: "null",
  });
  const said = new TextDecoder().decode(stdout);
  const cipher = /^New, .*Cipher is (\S+)/m.exec(said)?.[1];
  assert(cipher !== undefined || !said.includes("CONNECTED"), said);
  return cipher !== undefined && cipher !== "(NONE)";
}
