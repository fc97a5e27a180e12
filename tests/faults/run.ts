/** Carries out faults on three nodes and three etcd members, and collects the history. @module */
import type { Etcd3 } from "etcd3";
import { openEtcd } from "../../lib/etcd/client.ts";
import { eventually } from "../support/assert.ts";
import { type ClusterOptions, EtcdCluster } from "./etcd_cluster.ts";
import { FaultNode } from "./fault_node.ts";
import type { Healed, History, Write } from "./history.ts";
import type { Fault, Scheduled } from "./schedule.ts";
import { etcdConfig, REGISTER, type Setup, TTL_SECONDS } from "./setup.ts";

/** Somebody leads again within that of the last fault's end, ms. */
export const RECOVERY_MS = (TTL_SECONDS + 3) * 1000;

const NODES = ["node-1", "node-2", "node-3"];

/** The cloud under test; disposing of it ends every process. */
export class FaultRun implements AsyncDisposable {
  readonly #healed: Healed[] = [];
  readonly #pauses: Promise<void>[] = [];

  private constructor(
    readonly cluster: EtcdCluster,
    readonly nodes: readonly FaultNode[],
    readonly etcd: Etcd3,
  ) {}

  /** Starts everything and waits until somebody leads. */
  static async start(
    options: Pick<Setup, "marginSeconds" | "fenced"> = { marginSeconds: 1, fenced: true },
    etcd: ClusterOptions = {},
  ): Promise<FaultRun> {
    const cluster = await EtcdCluster.start(etcd);
    const { ports, access } = cluster;
    const nodes = await Promise.all(
      NODES.map((name) => FaultNode.start(name, ports, options, access)),
    );
    const run = new FaultRun(cluster, nodes, openEtcd(etcdConfig(ports, access)));
    await eventually("somebody leads", () => run.leader(), 20_000);
    return run;
  }

  /** Index of a node whose record says that it leads; for choosing a victim only. */
  async leader(): Promise<FaultNode | null> {
    for (const node of this.nodes) {
      if (await node.store.readMastership() && (await node.claims()).length > 0) return node;
    }
    return null;
  }

  /** Carries the faults out, ends them all, and waits until somebody leads or it takes too long. */
  async round(faults: readonly Scheduled[]): Promise<void> {
    for (const { afterMs, fault } of faults) {
      await pause(afterMs);
      await this.#apply(fault);
    }
    await Promise.all(this.#pauses.splice(0));
    await this.heal();
  }

  /** Ends all faults and gives the cloud the time to recover that it may take. */
  async heal(): Promise<void> {
    for (const node of this.nodes) node.whole();
    for (let member = 0; member < NODES.length; member++) this.cluster.revive(member);
    await this.cluster.healthy();
    const at = Date.now();
    const ledBy = async () =>
      (await Promise.all(this.nodes.map((node) => node.claims()))).flat()
        .some((claim) => claim.at >= at);
    while (Date.now() - at <= RECOVERY_MS * 2 && !await ledBy()) await pause(100);
    this.#healed.push({ at, until: Date.now() });
  }

  async #apply(fault: Fault): Promise<void> {
    switch (fault.do) {
      case "kill":
        for (const part of fault.parts) this.nodes[fault.node]!.signal(part, "SIGKILL");
        return;
      case "hold-down":
        for (const part of fault.parts) this.nodes[fault.node]!.holdDown(part);
        return;
      case "pause": {
        const node = this.nodes[fault.node]!;
        for (const part of fault.parts) node.signal(part, "SIGSTOP");
        const resume = () => fault.parts.forEach((part) => node.signal(part, "SIGCONT"));
        this.#pauses.push(pause(fault.ms).then(resume));
        return;
      }
      case "orphan": {
        const node = this.nodes[fault.node]!;
        node.orphan();
        this.#pauses.push(pause(fault.ms).then(() => node.wakeOrphans()));
        return;
      }
      case "network":
        return this.nodes[fault.node]!.network(fault.mode, fault.member);
      case "kill-etcd":
        return await this.cluster.kill(fault.member);
      case "roll-etcd":
        return await this.#roll(fault.times);
      case "end-tokens":
        return await this.cluster.endTokens();
      case "step-clock":
        return await this.nodes[fault.node]!.stepClock(fault.ms);
      case "compact":
        return await this.#compact();
    }
  }

  /** Restarts the members one by one, as an upgrade does. */
  async #roll(times: number): Promise<void> {
    for (let member = 0; member < NODES.length; member++) this.cluster.revive(member);
    await this.cluster.healthy();
    for (let restart = 0; restart < NODES.length * times; restart++) {
      const member = restart % NODES.length;
      await this.cluster.stop(member);
      this.cluster.revive(member);
      await this.cluster.healthy(member);
    }
  }

  /** Processes of nodes that died of no signal of ours. */
  get crashes(): string[] {
    return this.nodes.flatMap(({ name, crashes }) => crashes.map((text) => `${name}: ${text}`));
  }

  async #compact(): Promise<void> {
    try {
      const { header } = await this.etcd.get("/x").exec();
      await this.etcd.kv.compact({ revision: header.revision, physical: false });
    } catch { /* members may be down */ }
  }

  /** What has happened so far. */
  async history(): Promise<History> {
    const claims = (await Promise.all(this.nodes.map((node) => node.claims()))).flat();
    return { claims, writes: await this.#writes(), healed: this.#healed };
  }

  async #writes(): Promise<Write[]> {
    const { kvs } = await this.etcd.getAll().prefix(REGISTER).exec();
    return kvs.map(({ value, create_revision }) => {
      const [node, term] = value.toString().split(" ");
      return { node: node!, term: Number(term), revision: Number(create_revision) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.etcd.close();
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Real time passes. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
