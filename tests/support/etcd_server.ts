/** A private etcd on free ports with data in a temporary directory. @module */
import { outputOf } from "./in_time.ts";

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
  /** Writes a backup of it as it is now; its path. */
  save(): Promise<string>;
  /** `kill -9`, and a start with the data of a backup, under the same names: the cluster's id is the same. */
  restore(backup: string): Promise<void>;
}

/** Below the ports that a kernel gives to outgoing connections, which come and go at any time. */
const FIRST_PORT = 12_000;
const LAST_PORT = 31_000;

/** Handed out and perhaps not listened on yet: the members of a cluster draw all of theirs before any starts. */
const drawn = new Set<number>();

/**
 * The first of `count` adjacent TCP ports that nobody listens on now, and that this process was not
 * given before. Drawn at random: suites that run side by side hardly ever draw the same.
 */
export function freePort(count = 1): number {
  while (true) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const ports = Array.from({ length: count }, (_, i) => port + i);
    if (!ports.every((each) => !drawn.has(each) && isFree(each))) continue;
    for (const each of ports) drawn.add(each);
    return port;
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

/** A start that has come to nothing after so long never does, ms. */
const START_MS = 60_000;
/** Somebody else may take a free port before etcd does: so often others are tried. */
const STARTS = 3;

/**
 * Starts etcd and waits until `/health` answers; when it ends instead, on other ports.
 *
 * @throws when it does not become healthy.
 */
export async function startEtcd(
  extraArgs: readonly string[] = [],
  port?: number,
): Promise<EtcdServer> {
  for (let start = 1;; start++) {
    try {
      return await startAt(port ?? freePort(), extraArgs);
    } catch (error) {
      if (start === STARTS || port !== undefined) throw error;
    }
  }
}

async function startAt(port: number, extraArgs: readonly string[]): Promise<EtcdServer> {
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
    await healthy(url, process);
  };
  const replace = async () => {
    await kill();
    await Deno.remove(`${dir}/data`, { recursive: true });
    process = spawn([...args, "--initial-cluster-token=another"]);
    await healthy(url, process);
  };
  const save = async () => {
    const file = `${dir}/${crypto.randomUUID()}.db`;
    await etcdctl(`--endpoints=${url}`, "snapshot", "save", file);
    return file;
  };
  const restore = async (backup: string) => {
    await kill();
    await Deno.remove(`${dir}/data`, { recursive: true });
    const names = args.filter((arg) => /^--(data-dir|initial-(advertise|cluster))/.test(arg));
    await etcdctl("snapshot", "restore", backup, ...names);
    process = spawn(args);
    await healthy(url, process);
  };
  try {
    await healthy(url, process);
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
    save,
    restore,
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

async function etcdctl(...args: string[]): Promise<void> {
  const { success, stderr } = await outputOf("etcdctl", { args, env: { ETCDCTL_API: "3" } });
  if (!success) throw new Error(`etcdctl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

async function healthy(url: string, process: Deno.ChildProcess): Promise<void> {
  let ended = false;
  process.status.then(() => ended = true);
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (ended) throw new Error(`etcd at ${url} has ended instead of becoming healthy`);
    try {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) });
      const body = await response.text();
      if (response.ok && body.includes("true")) return;
    } catch { /* not yet */ }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`etcd at ${url} did not become healthy within ${START_MS / 1000} s`);
}
