/** A private etcd on free ports with data in a temporary directory. @module */

/** A running etcd; disposing of it kills the process and removes its data. */
export interface EtcdServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The process as it is now. */
  readonly process: Deno.ChildProcess;
  /** `kill -9`, and a start on the same data and ports. */
  restart(): Promise<void>;
  /** Another, empty cluster at the same address. */
  replace(): Promise<void>;
}

/** Below the ports that a kernel gives to outgoing connections, which come and go at any time. */
const FIRST_PORT = 12_000;
const LAST_PORT = 31_000;

/**
 * The first of `count` adjacent TCP ports that nobody listens on now. Drawn at random: suites that run
 * side by side hardly ever draw the same.
 */
export function freePort(count = 1): number {
  while (true) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const ports = Array.from({ length: count }, (_, i) => port + i);
    if (ports.every(isFree)) return port;
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/**
 * Starts etcd and waits until `/health` answers (10 s).
 *
 * @throws when it does not become healthy, with what it printed.
 */
export async function startEtcd(
  extraArgs: readonly string[] = [],
  port: number = freePort(),
): Promise<EtcdServer> {
  const dir = await Deno.makeTempDir({ prefix: "etcd-" });
  const url = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${freePort()}`;
  const args = [
    `--data-dir=${dir}/data`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    ...extraArgs,
  ];
  let process = spawn(args);
  const kill = async () => {
    try {
      process.kill("SIGKILL");
    } catch { /* it is gone already */ }
    await process.status;
  };
  const stop = async () => {
    await kill();
    await Deno.remove(dir, { recursive: true });
  };
  const restart = async () => {
    await kill();
    process = spawn(args);
    await healthy(url);
  };
  const replace = async () => {
    await kill();
    await Deno.remove(`${dir}/data`, { recursive: true });
    process = spawn([...args, "--initial-cluster-token=another"]);
    await healthy(url);
  };
  try {
    await healthy(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    port,
    get process() {
      return process;
    },
    restart,
    replace,
    [Symbol.asyncDispose]: stop,
  };
}

function spawn(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command("etcd", {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function healthy(url: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    try {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
      const body = await response.text();
      if (response.ok && body.includes("true")) return;
    } catch { /* not yet */ }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`etcd at ${url} did not become healthy within 10 s`);
}
