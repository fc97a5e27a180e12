/**
 * Three brokers that are one cluster, on this machine: each with a port, a name and data of its own, with one port
 * mapper.
 *
 * @module
 */
import { eventually } from "./assert.ts";
import { freePort } from "./etcd_server.ts";
import { type RabbitOptions, RabbitServer, stopEpmd } from "./rabbit_server.ts";

/** Members that have lost each other notice within three to four of these quarters, s. */
const NET_TICK_SECONDS = 8;

/** A cluster; disposing of it ends its members and removes their data. */
export class RabbitCluster implements AsyncDisposable {
  private constructor(readonly members: readonly RabbitServer[], readonly epmd: number) {}

  /** Starts one. @throws a member does not take connections. */
  static async start({ lines = [], definitions }: RabbitOptions = {}): Promise<RabbitCluster> {
    const ports = [freePort(), freePort(), freePort()];
    const epmd = freePort();
    const ticks = `net_ticktime = ${NET_TICK_SECONDS}`;
    const options = { cluster: { ports, epmd }, definitions };
    const conf = ["cluster_partition_handling = pause_minority", ticks, ...lines];
    const started = await Promise.allSettled(
      ports.map((port) => RabbitServer.start({ ...options, port, lines: conf })),
    );
    const members = started.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    const cluster = new RabbitCluster(members, epmd);
    const failure = started.find((one) => one.status === "rejected");
    if (!failure) return cluster;
    await cluster[Symbol.asyncDispose]();
    throw failure.reason;
  }

  /** A transport URL that names every member, for this user and virtual host. */
  url(user: string, host: string): string {
    const hosts = this.members.map(({ port }) => `${user}@127.0.0.1:${port}`).join(",");
    return `rabbit://${hosts}/${host}`;
  }

  /** Cuts a member off from the others, whose connections to it are refused on both sides from now on. */
  async cutOff(member: RabbitServer): Promise<void> {
    await this.#eachSide(member, ["wrong", "strange"]); // equal ones would be right again
    await eventually("it is alone", async () => {
      const seen = await member.control("eval", "nodes().");
      return !this.members.some(({ node }) => seen.includes(node));
    });
  }

  /** Ends {@linkcode cutOff}. */
  async heal(member: RabbitServer): Promise<void> {
    await this.#eachSide(member, [null, null]);
  }

  /** The cookies that the member and the others take each other to have. */
  async #eachSide(
    member: RabbitServer,
    [its, theirs]: readonly [string | null, string | null],
  ): Promise<void> {
    const others = this.members.filter((other) => other !== member);
    await Promise.all([
      member.control("eval", distrust(others, its)),
      ...others.map((other) => other.control("eval", distrust([member], theirs))),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()));
    await stopEpmd(this.epmd);
  }
}

/** Erlang that has a member take another cookie for these than they have; null: its own again. */
function distrust(members: readonly RabbitServer[], cookie: string | null): string {
  const each = members.map(({ node }) => {
    const trust = cookie === null ? "erlang:get_cookie()" : `'${cookie}'`;
    return `erlang:set_cookie('${node}', ${trust}), erlang:disconnect_node('${node}')`;
  });
  return `${each.join(", ")}.`;
}
