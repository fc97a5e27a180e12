/** An etcd of a test's own that speaks TLS, on free ports. @module */
import { eventually } from "./assert.ts";
import { freePort } from "./etcd_server.ts";

/** A running etcd with TLS; disposing of it kills the process and removes its data. */
export interface TlsEtcdServer extends AsyncDisposable {
  readonly port: number;
  /** `kill -9`, and a start on the same data and ports. */
  restart(): Promise<void>;
}

/**
 * Starts one that shows `cert`; with `clientCa`, a PEM file, it asks for certificates that are signed by it.
 * Listens on 127.0.0.1.
 */
export async function startTlsEtcd(
  { cert, key }: { cert: string; key: string },
  clientCa?: string,
): Promise<TlsEtcdServer> {
  const dir = await Deno.makeTempDir({ prefix: "etcd-tls-" });
  const [port, peer, plain] = [freePort(), freePort(), freePort()];
  const url = `https://127.0.0.1:${port}`;
  const args = [
    `--data-dir=${dir}/data`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-cluster=default=http://127.0.0.1:${peer}`,
    `--listen-metrics-urls=http://127.0.0.1:${plain}`,
    `--cert-file=${cert}`,
    `--key-file=${key}`,
    ...clientCa ? ["--client-cert-auth", `--trusted-ca-file=${clientCa}`] : [],
  ];
  const start = async () => {
    const process = new Deno.Command("etcd", {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await eventually("etcd with TLS is healthy", async () => {
      const signal = AbortSignal.timeout(5000);
      const response = await fetch(`http://127.0.0.1:${plain}/health`, { signal }).catch(() =>
        null
      );
      return (await response?.text())?.includes('"true"');
    }, 30_000);
    return process;
  };
  let process = await start();
  const kill = async () => {
    process.kill("SIGKILL");
    await process.status;
  };
  return {
    port,
    async restart() {
      await kill();
      process = await start();
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await Deno.remove(dir, { recursive: true });
    },
  };
}
