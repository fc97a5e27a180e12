/**
 * The lab's etcd as a subprocess that cannot outlive the lab: a small shell between the two ends etcd when
 * the shell's standard input closes, which it does however the lab's process ends. etcd has a session of
 * its own, so that Ctrl-C does not end it before the roles have released what they hold.
 *
 * @module
 */
import type { Config } from "../lib/config/config_types.ts";
import type { JobContext } from "../lib/role/master_context.ts";
import { labEtcdCommand } from "./etcd.ts";

const START_TIMEOUT_MS = 15_000;
const POLL_MS = 25;
const STOP_TIMEOUT_MS = 1500;
/** The shell that waits does not hold standard error, whose end says that etcd is gone. */
const SCRIPT = 'exec 3<&0; (cat <&3 >/dev/null; kill -TERM $$) 2>/dev/null & exec etcd "$@" 3<&-';

/** The lab's etcd; dispose of it to stop it. */
export interface LabEtcd extends AsyncDisposable {
  /** Rejects when etcd ends by itself. */
  readonly failed: Promise<never>;
}

/**
 * Starts etcd and waits until it is healthy.
 *
 * @throws {Error} it is not installed, its port is taken, or it does not come up within 15 s.
 */
export async function startLabEtcd(
  config: Pick<Config, "stateDir" | "lab">,
  { log, clock, alive }: Pick<JobContext, "log" | "clock" | "alive">,
  signal: AbortSignal,
): Promise<LabEtcd> {
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT, "lab-etcd", ...labEtcdCommand(config).args],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
    detached: true,
  }).spawn();
  const complaints = lastLines(child.stderr);
  let ended = false;
  let stopping = false;
  child.status.then(() => ended = true);
  const stop = async () => {
    stopping = true;
    await child.stdin.close().catch(() => {});
    const late = setTimeout(() => kill(child), STOP_TIMEOUT_MS);
    await child.status;
    clearTimeout(late);
    await complaints;
  };
  const url = `http://127.0.0.1:${config.lab.etcdPort}`;
  const deadline = clock.now() + START_TIMEOUT_MS;
  while (!ended && clock.now() < deadline && !signal.aborted) {
    alive("starting etcd");
    if (await healthy(url)) {
      log.info("lab etcd is up", { url, etcdPid: child.pid });
      return { failed: whenEnded(child, complaints, () => stopping), [Symbol.asyncDispose]: stop };
    }
    await clock.sleep(POLL_MS, signal).catch(() => {});
  }
  await stop();
  signal.throwIfAborted();
  throw new Error(explain(url, await complaints));
}

async function whenEnded(
  child: Deno.ChildProcess,
  complaints: Promise<string>,
  stopping: () => boolean,
): Promise<never> {
  const { code, signal } = await child.status;
  if (stopping()) return await new Promise(() => {});
  const last = (await complaints).trim().split("\n").at(-1);
  throw new Error(`the lab's etcd has ended (${signal ?? `exit code ${code}`}): ${last}`);
}

/** A sentence that says what to do about what etcd printed. */
function explain(url: string, output: string): string {
  if (/not found/.test(output)) {
    return "etcd is not on the PATH: run `sh bootstrap.sh start`, which installs it";
  }
  if (/address already in use/.test(output)) {
    return `the lab's etcd cannot listen on ${url} or the port above it, which is taken: ` +
      "stop what listens there or choose another with --lab-etcd-port";
  }
  return `the lab's etcd at ${url} did not come up: ${output.trim().split("\n").at(-1) ?? ""}`;
}

async function healthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
    return (await response.text()).includes("true");
  } catch {
    return false;
  }
}

/** Reads a stream to its end and keeps its last 4 Ki characters. */
async function lastLines(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text = (text + decoder.decode(chunk, { stream: true })).slice(-4096);
  }
  return text;
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch { /* it has ended */ }
}
