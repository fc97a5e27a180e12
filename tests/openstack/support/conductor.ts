/** One node of the product on an etcd of its own, working with the test bed. @module */
import type { Etcd3 } from "etcd3";
import { Node, tempDir } from "../../e2e/node.ts";
import { eventually } from "../../support/assert.ts";
import { type EtcdServer, startEtcd } from "../../support/etcd_server.ts";
import type { Bed, CONDUCTOR } from "./bed.ts";
import { etcdClient } from "./etcd_state.ts";

/** How it differs from an operator's usual node. */
export interface ConductorOptions {
  /** A proxy's URL instead of Neutron's own. */
  readonly neutronUrl?: string;
  readonly user?: typeof CONDUCTOR;
  /** More arguments of `start`. */
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

/** A running node with its etcd. */
export class Conductor implements AsyncDisposable {
  #node: Node | null = null;

  private constructor(
    readonly bed: Bed,
    readonly server: EtcdServer,
    readonly etcd: Etcd3,
    readonly options: ConductorOptions,
    readonly stack: AsyncDisposableStack,
    readonly stateDir: string,
  ) {}

  /** An empty etcd, and unless `start: false` a node on it that leads and has done its first resync. */
  static async create(
    bed: Bed,
    options: ConductorOptions & { start?: boolean } = {},
  ): Promise<Conductor> {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await startEtcd());
    const dir = stack.use(await tempDir());
    const etcd = etcdClient(server.url);
    stack.defer(() => etcd.close());
    const conductor = new Conductor(bed, server, etcd, options, stack.move(), dir.path);
    if (options.start !== false) {
      try {
        await conductor.start();
        await conductor.synced();
      } catch (error) {
        await conductor[Symbol.asyncDispose]();
        throw error;
      }
    }
    return conductor;
  }

  get node(): Node {
    return this.#node!;
  }

  /** Starts the node, and waits until it is ready. */
  async start(): Promise<void> {
    const { bed, stateDir, options } = this;
    const { args, env } = bed.node({ etcdUrl: this.server.url, stateDir, ...options });
    this.#node = Node.start([...args, ...options.args ?? []], { ...env, ...options.env });
    await this.node.ready(60_000);
  }

  /** Waits until a full resync that began at or after `since` (ms) has succeeded. */
  async synced(since = 0, timeoutMs = 90_000): Promise<void> {
    await eventually(
      "a full resync has succeeded",
      async () => {
        const resyncs = (await this.node.status())?.resyncs ?? [];
        return resyncs.some(({ startedAt, endedAt, error, reason }) =>
          startedAt >= since && endedAt !== null && error === null && reason !== "incremental"
        );
      },
      timeoutMs,
      200,
    ).catch((error) => {
      throw new Error(`${error.message}; the node printed:\n${this.node.output.slice(-6000)}`);
    });
  }

  /** The differences that a full resync would write now, as text, and a table of counts. */
  async dryRun(): Promise<string> {
    return await this.#dryRun();
  }

  /** How many keys a full resync would write or delete now. */
  async dryRunCount(): Promise<number> {
    const kinds: Record<string, number>[] = Object.values(
      JSON.parse(await this.#dryRun("--output=json")).kinds,
    );
    return kinds.reduce((sum, { created, updated, deleted }) => {
      return sum + created! + updated! + deleted!;
    }, 0);
  }

  async #dryRun(...options: string[]): Promise<string> {
    const { code, text } = await this.node.command("resync", "--dry-run", ...options);
    if (code !== 0 && code !== 4) throw new Error(text);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node?.[Symbol.asyncDispose]();
    await this.stack.disposeAsync();
  }
}
