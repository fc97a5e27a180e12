/** A whole node as a process, started the way a user starts it. @module */
import type { Status } from "../../lib/health/status.ts";
import { pageAnswer, pageStatus } from "../support/page_status.ts";
import { eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { inTime, outputOf } from "../support/in_time.ts";

export { tempDir } from "../support/temp_dir.ts";

/** The repository. */
export const ROOT = new URL("../..", import.meta.url).pathname;

/** Path of a compiled binary to test or measure instead of the source. */
export const BINARY = Deno.env.get("CONDUCTOR_BINARY") || null;

/**
 * The product's command line: the binary, or the task's own command, so that signals reach the
 * supervisor and not a shell before it. `flags` are Deno's, which the binary has no use for; `root` is where the
 * source lies, with a slash at its end.
 */
export function productWords(
  words: readonly string[],
  flags: readonly string[] = [],
  binary: string | null = BINARY,
  root = ROOT,
): [command: string, ...args: string[]] {
  if (binary) return [binary, ...words];
  const { command } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`)).tasks.start;
  const task: string[] = command.replace(/"\$\(.*\)"/, Deno.execPath()).split(" ").slice(1);
  return [Deno.execPath(), ...task.slice(0, -1), ...flags, task.at(-1)!, ...words];
}

/** The same, ready to be spawned. */
export function productCommand(
  words: readonly string[],
  environment: Record<string, string> = {},
  binary: string | null = BINARY,
  flags: readonly string[] = [],
  root = ROOT,
): Deno.Command {
  // What the tests take from the environment is no option of the product.
  const env = { NO_COLOR: "1", CONDUCTOR_BINARY: "", ...environment };
  const options = { cwd: root, env, stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const [command, ...args] = productWords(words, flags, binary, root);
  return new Deno.Command(command, { ...options, args });
}

/** How a node may be started otherwise. */
export interface NodeOptions {
  /** Of the page. @default a free one */
  readonly port?: number;
  /** @default {@linkcode BINARY} */
  readonly binary?: string | null;
  /** Deno's, for a node from source. */
  readonly flags?: readonly string[];
  /** Another working copy, which its source is taken from; with a slash at its end. @default {@linkcode ROOT} */
  readonly root?: string;
}

/** Version of Deno in the product under test. */
export async function productRuntime(): Promise<string> {
  const { stdout } = await outputOf(productCommand(["--version"]));
  return /\(Deno ([\d.]+)/.exec(new TextDecoder().decode(stdout))![1]!;
}

/** A running node. */
export class Node implements AsyncDisposable {
  output = "";
  readonly pageUrl: string;
  readonly #process: Deno.ChildProcess;
  readonly #args: readonly string[];
  readonly #env: Record<string, string>;
  readonly #read: Promise<unknown>;
  #ended: Deno.CommandStatus | null = null;

  private constructor(
    process: Deno.ChildProcess,
    pageUrl: string,
    args: readonly string[],
    env: Record<string, string>,
  ) {
    this.#process = process;
    this.#args = args;
    this.#env = env;
    this.pageUrl = pageUrl;
    const collect = async (stream: ReadableStream<Uint8Array>) => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) this.output += decoder.decode(chunk, { stream: true });
    };
    this.#read = Promise.all([collect(process.stdout), collect(process.stderr)]);
    process.status.then((status) => this.#ended = status);
  }

  /** Starts a node with `deno task start` and the page on a free port. */
  static start(
    args: readonly string[],
    env: Record<string, string> = {},
    { port = freePort(), binary = BINARY, flags = [], root = ROOT }: NodeOptions = {},
  ): Node {
    const words = ["start", `--listen=127.0.0.1:${port}`, ...args];
    const process = productCommand(words, env, binary, flags, root).spawn();
    return new Node(process, `http://127.0.0.1:${port}`, args, env);
  }

  /** Runs another command with this node's options and environment; errors are in the text when it failed. */
  async command(...words: string[]): Promise<{ code: number; text: string }> {
    const listen = `--listen=${new URL(this.pageUrl).host}`;
    const { code, stdout, stderr } = await outputOf(productCommand(
      [...words, listen, ...this.#args],
      this.#env,
    ));
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, text: decode(stdout) + (code === 0 ? "" : decode(stderr)) };
  }

  get pid(): number {
    return this.#process.pid;
  }

  get ended(): Deno.CommandStatus | null {
    return this.#ended;
  }

  /** What the node says of itself, or null while it does not answer. */
  status(): Promise<Status | null> {
    return pageStatus(this.pageUrl);
  }

  /** The same, waited for. */
  answer(): Promise<Status> {
    return pageAnswer(this.pageUrl);
  }

  /** Waits until the node is ready; on failure the error holds what it printed. */
  async ready(timeoutMs = 20_000): Promise<Status> {
    try {
      return await eventually(
        "the node is ready",
        async () => {
          const status = await this.status();
          return status?.ready && status;
        },
        timeoutMs,
        50,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}; it printed:\n${this.output.slice(-6000)}`);
    }
  }

  /** Process id of a role. */
  async rolePid(role: string): Promise<number> {
    const { roles } = await this.answer();
    return roles.find((r) => r.name === role)!.process!.pid!;
  }

  /** All processes below the supervisor, itself included. */
  tree(): Promise<number[]> {
    return processTree(this.pid);
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Ends the node with a signal and waits; returns how long that took, ms. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    const startedAt = Date.now();
    if (!this.#ended) this.kill(signal);
    await inTime("the node ends", this.#process.status).catch((error) => {
      this.kill("SIGKILL");
      throw error;
    });
    await this.#allEnd();
    return Date.now() - startedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.stop();
    await this.#allEnd();
  }

  /** Its roles print to the same place: as long as one of them lives, that is open. */
  async #allEnd(): Promise<void> {
    await inTime("all roles of the node end", this.#read);
  }
}

/** A process and all below it. */
export async function processTree(root: number): Promise<number[]> {
  const { stdout } = await outputOf("ps", { args: ["-eo", "pid=,ppid="] });
  const rows = new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [root];
  for (let i = 0; i < found.length; i++) {
    for (const [pid, parent] of rows) if (parent === found[i]) found.push(pid!);
  }
  return found;
}

/** Kills processes, of which some may have ended with the one before. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Whether a process with that id is alive (and no zombie). */
export function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Arguments of a lab of its own on free ports. */
export function labArgs(
  stateDir: string,
  ports = 60,
): { args: string[]; etcdUrl: string; neutronUrl: string } {
  const etcd = freePort(2); // its peers' port is one above
  const openstack = freePort();
  return {
    etcdUrl: `http://127.0.0.1:${etcd}`,
    neutronUrl: `http://127.0.0.1:${openstack}`,
    args: [
      `--state-dir=${stateDir}`,
      "--node-name=node-1",
      `--lab-etcd-port=${etcd}`,
      `--lab-openstack-port=${openstack}`,
      `--lab-ports=${ports}`,
      "--lab-hosts=3",
      "--lab-event-interval=0",
    ],
  };
}

/** A Neutron with nothing in it, without Keystone. */
export function emptyNeutron(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const collection = new URL(request.url).pathname.split("/").at(-1)!.replaceAll("-", "_");
    const found = collection === "extensions" ? [{ alias: "binding" }] : [];
    return Response.json({ [collection]: found });
  });
}
