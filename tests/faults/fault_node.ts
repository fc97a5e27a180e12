/** A node of the fault suite: an elector and a writer as processes, and its ways to etcd. @module */
import { StateStore } from "../../lib/state/store.ts";
import { type Claim } from "./history.ts";
import { Proxy, type ProxyMode } from "./proxy.ts";
import { type Access, OPEN, type Setup } from "./setup.ts";

/** The processes of a node. */
export const PARTS = ["manager", "writer"] as const;
export type Part = typeof PARTS[number];

const POLL_MS = 50;
/** Signals that the suite and the bench send. */
const OURS = new Set<string>(["SIGKILL", "SIGTERM"]);

/** Restarts what ends by itself or by SIGKILL, as the supervisor does, unless it is held down. */
export class FaultNode implements AsyncDisposable {
  readonly #proxies: Proxy[];
  readonly #processes = new Map<Part, Deno.ChildProcess>();
  readonly #heldDown = new Set<Part>();
  /** Managers that stand still beside their successors. */
  readonly #orphans: Deno.ChildProcess[] = [];
  #orphaned = Promise.withResolvers<void>();
  readonly #runs: Promise<void>[] = [];
  /** Processes that died of a signal that nobody here has sent. */
  readonly crashes: string[] = [];
  #closed = false;

  private constructor(readonly setup: Setup, proxies: Proxy[], readonly store: StateStore) {
    this.#proxies = proxies;
  }

  static async start(
    node: string,
    etcdPorts: readonly number[],
    options: Pick<Setup, "marginSeconds" | "fenced">,
    access: Access = OPEN,
  ): Promise<FaultNode> {
    const dir = await Deno.makeTempDir({ prefix: `${node}-` });
    await Deno.writeTextFile(`${dir}/clock`, "0");
    await Deno.writeTextFile(`${dir}/claims`, "");
    const proxies = etcdPorts.map((port) => new Proxy(port));
    const setup = { node, dir, ports: proxies.map(({ port }) => port), access, ...options };
    const started = new FaultNode(setup, proxies, await StateStore.open(dir));
    for (const part of PARTS) started.#runs.push(started.#run(part));
    return started;
  }

  get name(): string {
    return this.setup.node;
  }

  /** Keeps a part running. */
  async #run(part: Part): Promise<void> {
    while (!this.#closed) {
      if (this.#heldDown.has(part)) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        continue;
      }
      const process = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--quiet",
          "--no-check",
          "--unstable-kv",
          new URL(`${part}.ts`, import.meta.url).pathname,
          JSON.stringify(this.setup),
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      this.#processes.set(part, process);
      const orphaned = part === "manager" ? [this.#orphaned.promise] : [];
      const status = await Promise.race([process.status, ...orphaned]);
      if (status?.signal && !OURS.has(status.signal)) {
        this.crashes.push(`${part}: ${status.signal}`);
      }
      this.#processes.delete(part);
      if (part === "manager") await this.store.writeMastership(null);
    }
  }

  /** The manager stands still wherever it is, and another one starts, as after its supervisor was killed. */
  orphan(): void {
    const process = this.#processes.get("manager");
    if (!process) return;
    this.signal("manager", "SIGSTOP");
    this.#orphans.push(process);
    this.#orphaned.resolve();
    this.#orphaned = Promise.withResolvers();
  }

  /** Orphans go on; nobody tells them that they are orphans. */
  wakeOrphans(): void {
    for (const process of this.#orphans) kill(process, "SIGCONT");
  }

  signal(part: Part, signal: Deno.Signal): void {
    const process = this.#processes.get(part);
    if (process) kill(process, signal);
  }

  /** Kills a part and keeps it down until {@linkcode whole}. */
  holdDown(part: Part): void {
    this.#heldDown.add(part);
    this.signal(part, "SIGKILL");
  }

  /** Steps the node's clock by so much, ms; it stays so. */
  async stepClock(ms: number): Promise<void> {
    const offset = Number(await Deno.readTextFile(`${this.setup.dir}/clock`));
    const fresh = `${this.setup.dir}/clock.new`;
    await Deno.writeTextFile(fresh, String(offset + ms));
    await Deno.rename(fresh, `${this.setup.dir}/clock`); // never half written
  }

  /** Disturbs the way to one member, or to all. */
  network(mode: ProxyMode, member?: number): void {
    for (const [i, proxy] of this.#proxies.entries()) {
      if (member === undefined || member === i) proxy.mode = mode;
    }
  }

  /** Ends every fault but the clock's. */
  whole(): void {
    this.network("pass");
    this.#heldDown.clear();
    for (const part of PARTS) this.signal(part, "SIGCONT");
    this.wakeOrphans();
  }

  /** All moments at which the writer had `isMaster()` true. */
  async claims(): Promise<Claim[]> {
    const text = await Deno.readTextFile(`${this.setup.dir}/claims`);
    // A killed writer may leave half a line, which its successor's first one follows.
    return text.split("\n").flatMap((line) => {
      try {
        return line === "" ? [] : [JSON.parse(line)];
      } catch {
        return [];
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const part of PARTS) this.signal(part, "SIGKILL");
    for (const process of this.#orphans) kill(process, "SIGKILL");
    await Promise.all([...this.#runs, ...this.#orphans.map(({ status }) => status)]);
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]();
    this.store[Symbol.dispose]();
    await Deno.remove(this.setup.dir, { recursive: true });
  }
}

function kill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch { /* it has ended meanwhile */ }
}
