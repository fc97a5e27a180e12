/** How an etcd behaves whose backup was restored: rows of {@linkcode Behaviour}s that need etcd's own tools. @module */
import { eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import type { Behaviour } from "./behaviours.ts";
import { Gateway } from "./gateway.ts";
import { everyKeySince } from "./watched.ts";

/** Runs one of etcd's tools; null: there is no such tool. @throws with what it says when it fails. */
async function tool(name: string, ...args: string[]): Promise<string | null> {
  const env = { ETCDCTL_API: "3" };
  try {
    const { success, stdout, stderr } = await new Deno.Command(name, { args, env }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (!success) throw new Error(`${name} ${args[0]}: ${text}`);
    return text;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** One member whose data can be replaced while it is stopped. */
class Restorable implements AsyncDisposable {
  readonly #dir = Deno.makeTempDirSync({ prefix: "etcd-restore-" });
  readonly #url = `http://127.0.0.1:${freePort()}`;
  readonly #peer = `http://127.0.0.1:${freePort()}`;
  readonly etcd = new Gateway(this.#url);
  #process: Deno.ChildProcess | null = null;
  #data = `${this.#dir}/data`;

  async start(): Promise<void> {
    const args = [
      `--data-dir=${this.#data}`,
      `--listen-client-urls=${this.#url}`,
      `--advertise-client-urls=${this.#url}`,
      `--listen-peer-urls=${this.#peer}`,
      `--initial-advertise-peer-urls=${this.#peer}`,
      `--initial-cluster=default=${this.#peer}`,
    ];
    const output = { stdin: "null", stdout: "null", stderr: "null" } as const;
    this.#process = new Deno.Command("etcd", { args, ...output }).spawn();
    await eventually("it serves", async () => {
      return await this.etcd.verdict("kv/range", { key: btoa("x") }) === "taken";
    }, 20_000);
  }

  async stop(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.status;
    this.#process = null;
  }

  async save(): Promise<void> {
    await tool("etcdctl", `--endpoints=${this.#url}`, "snapshot", "save", `${this.#dir}/backup`);
  }

  /** As its handbook says it, with the same names. */
  async restore(): Promise<void> {
    await this.stop();
    this.#data = `${this.#dir}/restored`;
    const args = [
      ...["snapshot", "restore", `${this.#dir}/backup`, "--name=default"],
      `--data-dir=${this.#data}`,
      `--initial-cluster=default=${this.#peer}`,
      `--initial-advertise-peer-urls=${this.#peer}`,
    ];
    if (await tool("etcdutl", ...args) === null) await tool("etcdctl", ...args);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#dir, { recursive: true });
  }
}

/** A server that was backed up at the one revision, went on to the other, and was restored. */
async function restored<T>(
  look: (etcd: Gateway, at: { backup: number; last: number; clusterId: string }) => Promise<T>,
): Promise<T> {
  await using server = new Restorable();
  await server.start();
  const { etcd } = server;
  const backup = await etcd.put("/kept");
  const { header } = await etcd.call("kv/range", { key: btoa("/kept") });
  await server.save();
  await etcd.put("/lost");
  const last = await etcd.put("/lost");
  await server.restore();
  return await look(etcd, { backup, last, clusterId: header.cluster_id });
}

/** Rows that start servers of their own. */
export const RESTORES: readonly Behaviour[] = [
  {
    name: "a restored backup: its revision",
    ask: () =>
      restored(async (etcd, { backup }) => {
        const { header } = await etcd.call("kv/range", { key: btoa("/kept") });
        return Number(header.revision) === backup ? "the backup’s" : "another";
      }),
  },
  {
    name: "a restored backup: the cluster’s id, with the same names and token",
    ask: () =>
      restored(async (etcd, { clusterId }) => {
        const { header } = await etcd.call("kv/range", { key: btoa("/kept") });
        return header.cluster_id === clusterId ? "the same" : "another";
      }),
  },
  {
    name:
      "a restored backup: a watch from the last revision seen before, until writes have overtaken it",
    ask: () =>
      restored(async (etcd, { last }) => {
        const seen = everyKeySince(etcd, last + 1, "/end");
        for (const key of ["/early", "/early", "/early", "/end"]) await etcd.put(key);
        return `no error; ${
          await seen === "a write" ? "what came before is not told" : await seen
        }`;
      }),
  },
  {
    name: "a restored backup: an option to raise its revisions",
    async ask() {
      const help = ["snapshot", "restore", "--help"];
      const text = await tool("etcdutl", ...help) ?? await tool("etcdctl", ...help);
      return /--bump-revision/.test(text ?? "") ? "`--bump-revision`" : "none";
    },
  },
];
