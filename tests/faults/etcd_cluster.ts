/** A real etcd of three members: each can be killed, stopped in order, hung and started again. @module */
import { freePort } from "../support/etcd_server.ts";
import { eventually } from "../support/assert.ts";

interface Member {
  readonly name: string;
  readonly port: number;
  readonly peer: number;
  process: Deno.ChildProcess | null;
}

const SIZE = 3;
/** Time to stop in order, ms. */
const STOP_MS = 15_000;

/** Runs until it is disposed of, which also removes its data. */
export class EtcdCluster implements AsyncDisposable {
  readonly #members: Member[];

  private constructor(readonly dir: string) {
    this.#members = Array.from({ length: SIZE }, (_, i) => ({
      name: `m${i}`,
      port: freePort(),
      peer: freePort(),
      process: null,
    }));
  }

  /** Starts all members and waits until they serve. */
  static async start(): Promise<EtcdCluster> {
    const cluster = new EtcdCluster(await Deno.makeTempDir({ prefix: "etcd-cluster-" }));
    for (let i = 0; i < SIZE; i++) cluster.revive(i);
    await cluster.healthy();
    return cluster;
  }

  get ports(): number[] {
    return this.#members.map(({ port }) => port);
  }

  get urls(): string[] {
    return this.ports.map((port) => `http://127.0.0.1:${port}`);
  }

  /** SIGKILL. */
  async kill(index: number): Promise<void> {
    await this.#end(index, "SIGKILL");
  }

  /** As a service manager does it: in order, and by force when that takes too long. */
  async stop(index: number): Promise<void> {
    const { process } = this.#members[index]!;
    const late = setTimeout(() => process?.kill("SIGKILL"), STOP_MS);
    await this.#end(index, "SIGTERM");
    clearTimeout(late);
  }

  async #end(index: number, signal: Deno.Signal): Promise<void> {
    const member = this.#members[index]!;
    const { process } = member;
    if (!process) return;
    member.process = null;
    process.kill(signal);
    await process.status;
  }

  /** It keeps its connections and does nothing, until it is resumed or killed. */
  hang(index: number): void {
    this.#members[index]!.process?.kill("SIGSTOP");
  }

  /** After {@linkcode hang}. */
  resume(index: number): void {
    this.#members[index]!.process?.kill("SIGCONT");
  }

  /** Starts a member on its data, if it does not run. */
  revive(index: number): void {
    const member = this.#members[index]!;
    if (member.process) return;
    const client = `http://127.0.0.1:${member.port}`;
    const peer = `http://127.0.0.1:${member.peer}`;
    const all = this.#members.map((m) => `${m.name}=http://127.0.0.1:${m.peer}`).join(",");
    member.process = new Deno.Command("etcd", {
      args: [
        `--name=${member.name}`,
        `--data-dir=${this.dir}/${member.name}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=${all}`,
        "--heartbeat-interval=100",
        "--election-timeout=1000",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Resolves when every member serves. */
  async healthy(): Promise<void> {
    for (const url of this.urls) {
      await eventually(`${url} serves`, async () => {
        const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
        return (await response.text()).includes("true");
      }, 20_000);
    }
  }

  /** Index of the member that leads, or of one that does not. */
  async find(role: "leader" | "follower"): Promise<number> {
    for (const [index, url] of this.urls.entries()) {
      const response = await fetch(`${url}/v3/maintenance/status`, {
        method: "POST",
        body: "{}",
        signal: AbortSignal.timeout(5000),
      });
      const { header, leader } = await response.json();
      if ((header.member_id === leader) === (role === "leader")) return index;
    }
    throw new Error(`no member is the ${role}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let i = 0; i < SIZE; i++) await this.kill(i);
    await Deno.remove(this.dir, { recursive: true });
  }
}
