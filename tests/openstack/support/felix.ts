/**
 * Felix on some hosts, as etcd sees it: a status key per host under a lease, written anew every few
 * seconds, and endpoint status keys. The node's own watchers make agents and port states of it.
 *
 * @module
 */
import type { Etcd3, Lease } from "etcd3";
import { eventually } from "../../support/assert.ts";
import type { Bed } from "./bed.ts";

const PREFIX = "/calico/felix/v2/no-region/host";
const BEAT_MS = 10_000;
const AGENT_TYPE = "Calico per-host agent (felix)";

/** Felix on some hosts; disposing of it ends them without a word, as when the hosts are cut off. */
export class Felixes implements AsyncDisposable {
  readonly #startedAt = Date.now();
  readonly #lease: Lease;
  #first = true;
  #timer: ReturnType<typeof setInterval> | undefined;
  #beating: Promise<unknown> = Promise.resolve();

  private constructor(readonly etcd: Etcd3, readonly hosts: readonly string[]) {
    this.#lease = etcd.lease(90);
  }

  static async start(etcd: Etcd3, hosts: readonly string[]): Promise<Felixes> {
    const felixes = new Felixes(etcd, hosts);
    await felixes.beat();
    felixes.#timer = setInterval(() => {
      felixes.#beating = felixes.beat().catch(() => {});
    }, BEAT_MS);
    return felixes;
  }

  /** Every host's status, now. */
  async beat(): Promise<void> {
    const value = JSON.stringify({
      time: new Date().toISOString(),
      uptime: (Date.now() - this.#startedAt) / 1000,
      first_update: this.#first,
    });
    this.#first = false;
    await Promise.all(
      this.hosts.map((host) => this.#lease.put(`${PREFIX}/${host}/status`).value(value).exec()),
    );
  }

  /** Waits until Neutron holds the agents of all hosts for alive, so that ports can be bound. */
  async alive(bed: Bed): Promise<void> {
    await eventually(
      "Neutron's agents are alive",
      async () => {
        const agents = await bed.neutron.list(
          `agents?agent_type=${encodeURIComponent(AGENT_TYPE)}`,
        );
        const living = new Set(agents.filter((a) => a.alive).map((a) => a.host));
        return this.hosts.every((host) => living.has(host));
      },
      30_000,
      200,
    );
  }

  /** What Felix on a host says of a port's endpoint; null: nothing any more. */
  async endpoint(
    host: string,
    deviceId: string,
    portId: string,
    status: "up" | "down" | "error" | null,
  ): Promise<void> {
    const key = `${PREFIX}/${host}/workload/openstack/openstack%2F${deviceId}/endpoint/${portId}`;
    if (status === null) await this.etcd.delete().key(key).exec();
    else await this.etcd.put(key).value(JSON.stringify({ status })).exec();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.#lease.revoke().catch(() => {});
    this.#lease.removeAllListeners();
  }
}
