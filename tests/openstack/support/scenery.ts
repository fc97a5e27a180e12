/** A network with a subnet and a few VM ports of one test's own, taken away at its end. @module */
import type { Bed } from "./bed.ts";
import type { Json } from "./rest.ts";

/** See the module. Everything made through it, and what hangs on it, is deleted again. */
export class Scenery implements AsyncDisposable {
  readonly #made: string[] = [];
  network: Json;
  subnet: Json;

  private constructor(readonly bed: Bed, readonly name: string) {}

  /** `octet`: the subnet is 10.`octet`.0.0/24. */
  static async create(bed: Bed, name: string, octet: number): Promise<Scenery> {
    const scenery = new Scenery(bed, name);
    scenery.network = await scenery.make("networks", "network", { name });
    scenery.subnet = await scenery.make("subnets", "subnet", {
      network_id: scenery.network.id,
      ip_version: 4,
      cidr: `10.${octet}.0.0/24`,
      enable_dhcp: true,
    });
    return scenery;
  }

  /** Makes an object below `path`. */
  async make(path: string, kind: string, body: Json): Promise<Json> {
    const object = (await this.bed.neutron.post(path, { [kind]: body }))[kind];
    this.#made.push(`${path}/${object.id}`);
    return object;
  }

  /** A VM's port. */
  port(host: string, more: Json = {}): Promise<Json> {
    return this.make("ports", "port", {
      network_id: this.network.id,
      name: this.name,
      device_owner: "compute:nova",
      device_id: crypto.randomUUID(),
      "binding:host_id": host,
      ...more,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { neutron } = this.bed;
    for (const path of this.#made.toReversed()) {
      await neutron.delete(path).catch(() => {}); // gone already, or in use: what uses it goes first
    }
    for (const port of await neutron.list(`ports?network_id=${this.network.id}`)) {
      await neutron.delete(`ports/${port.id}`).catch(() => {});
    }
    await neutron.delete(`networks/${this.network.id}`).catch(() => {});
  }
}
