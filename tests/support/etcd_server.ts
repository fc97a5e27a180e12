/** A private etcd on free ports with data in a temporary directory. @module */

/** A running etcd; disposing of it kills the process and removes its data. */
export interface EtcdServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly process: Deno.ChildProcess;
}

/** A TCP port that nobody listens on now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/**
 * Starts etcd and waits until `/health` answers (10 s).
 *
 * @throws when it does not become healthy, with what it printed.
 */
export async function startEtcd(extraArgs: readonly string[] = []): Promise<EtcdServer> {
  const dir = await Deno.makeTempDir({ prefix: "etcd-" });
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${freePort()}`;
  const process = new Deno.Command("etcd", {
    args: [
      `--data-dir=${dir}/data`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      ...extraArgs,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    try {
      process.kill("SIGKILL");
    } catch { /* it is gone already */ }
    await process.status;
    await Deno.remove(dir, { recursive: true });
  };
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    try {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
      const body = await response.text();
      if (response.ok && body.includes("true")) {
        return { url, port, process, [Symbol.asyncDispose]: stop };
      }
    } catch { /* not yet */ }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  throw new Error(`etcd at ${url} did not become healthy within 10 s`);
}
