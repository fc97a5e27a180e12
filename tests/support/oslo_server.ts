/**
 * Neutron's RPC on the bus by the real oslo.messaging (tests/bus/oslo_server.py): the installed one, or that of the
 * root folder of the broker's release.
 *
 * @module
 */
import { eventually } from "./assert.ts";
import { inRoot } from "./rabbit_server.ts";

const PYTHON = "/usr/bin/python3";
const PROGRAM = new URL("../bus/oslo_server.py", import.meta.url);

/** A call as it was taken up. */
export interface Taken {
  readonly topic: string;
  readonly method: string;
  // deno-lint-ignore no-explicit-any
  readonly args: any;
}

/** A server until it is disposed of. It comes back to the broker by itself. */
export class OsloServer implements AsyncDisposable {
  readonly taken: Taken[] = [];
  /** What each port was told to be last. */
  readonly ports = new Map<string, "ACTIVE" | "DOWN">();
  /** Of oslo.messaging, once it serves. */
  version: string | null = null;
  readonly #ended: Promise<unknown>;

  private constructor(
    readonly process: Deno.ChildProcess,
    readonly dir: string,
    readonly name: string,
  ) {
    this.#ended = this.#read();
  }

  /**
   * Starts one that serves (30 s). The options are those of `[oslo_messaging_rabbit]`; `root` is where its Python is.
   *
   * @throws it did not come so far; with OSLO_LOG in the environment it says more.
   */
  static async start(
    url: string,
    options: Record<string, string> = {},
    root?: string,
  ): Promise<OsloServer> {
    const dir = await Deno.makeTempDir({ prefix: "oslo-" });
    const name = `test-${crypto.randomUUID().slice(0, 8)}`;
    const settings = { hostname: name, processname: "rpc", ...options };
    const known = options.use_queue_manager ? settings : options;
    const lines = Object.entries(known).map(([key, value]) => `${key} = ${value}\n`).join("");
    await Deno.writeTextFile(
      `${dir}/neutron.conf`,
      `[DEFAULT]\ntransport_url = ${url}\n[oslo_concurrency]\nlock_path = ${dir}\n` +
        `[oslo_messaging_rabbit]\n${lines}`,
    );
    await Deno.copyFile(PROGRAM, `${dir}/server.py`);
    const process = inRoot(PYTHON, {
      args: [`${dir}/server.py`, `${dir}/neutron.conf`],
      stdin: "piped",
      stdout: "piped",
      stderr: Deno.env.has("OSLO_LOG") ? "inherit" : "null",
      detached: true,
    }, root).spawn();
    const server = new OsloServer(process, dir, name);
    try {
      const served = eventually("oslo.messaging serves", () => server.version, 30_000);
      await Promise.race([served, server.#ended]);
      if (server.version === null) throw new Error("oslo.messaging ended");
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** From now on each answer to a call of the plugin takes so long, s. */
  async delay(seconds: number): Promise<void> {
    await this.#tell({ delay: seconds });
  }

  /** Sends a notification of Neutron's with this text. */
  async notify(text: string): Promise<void> {
    await this.#tell({ notify: text });
  }

  async #tell(command: Record<string, unknown>): Promise<void> {
    const writer = this.process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    writer.releaseLock();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#note(JSON.parse(line));
    }
  }

  #note(said: Taken & { readonly ready?: string; readonly notified?: string }): void {
    if (said.ready) this.version = said.ready;
    if (!said.method) return;
    this.taken.push(said);
    const { method, args } = said;
    if (method === "update_device_up") this.ports.set(args.device, "ACTIVE");
    if (method === "update_device_down") this.ports.set(args.device, "DOWN");
    for (const port of args.devices_up ?? []) this.ports.set(port, "ACTIVE");
    for (const port of args.devices_down ?? []) this.ports.set(port, "DOWN");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      Deno.kill(-this.process.pid, "SIGKILL");
    } catch { /* gone already */ }
    await this.process.stdin.close().catch(() => {});
    await Promise.all([this.process.status, this.#ended]);
    await Deno.remove(this.dir, { recursive: true });
    // The counter of its queue manager.
    await Deno.remove(`/dev/shm/${this.name}_rpc_qmanager`).catch(() => {});
  }
}
