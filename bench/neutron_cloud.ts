/**
 * A cloud of any size that takes no memory: each object is made of its number when it is asked for, and only
 * what was changed is kept. The same number of ports gives the same cloud, so that another process knows
 * its ids without asking. Ids ascend with the numbers, as in the lists of Neutron. Pure.
 *
 * @module
 */
const PORTS_PER_HOST = 20;
const PORTS_PER_NETWORK = 100;
const PORTS_PER_GROUP = 50;
const PROJECT = "5bf97a1e1d0c4f6e8d31a90c3ac1c0de";
const ID_SPACE = 2 ** 32;

/** What an id is for: two kinds never share one. */
const SALTS = { port: 1, device: 2, network: 3, subnet: 4, group: 5, rule: 6 } as const;

/** An object as Neutron shows it. */
export type Item = Record<string, unknown> & { id: string; revision_number: number };

/** A collection whose objects are made when asked for. */
export interface Collection {
  readonly size: number;
  /** The id of the object of that number. */
  idOf(number: number): string;
  /** The number of an object; -1: there is none with that id. */
  find(id: string): number;
  /** The first number whose id is not before that one, which need not be anybody's. */
  placeOf(id: string): number;
  /** The object; null: it was deleted. */
  make(number: number): Item | null;
  /** The numbers of those whose field has one of the values; null: there is no such filter here. */
  where(field: string, values: readonly string[]): readonly number[] | null;
}

/** A cheap mix of bits: neighbours have nothing in common. */
function mix(number: number): number {
  let h = number | 0;
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 16)) >>> 0;
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** Ids of one kind: the first eight digits tell the number. */
class Ids {
  constructor(readonly salt: number, readonly size: number) {}

  at(number: number): string {
    const head = Math.floor((number + 0.5) * ID_SPACE / this.size);
    const [a, b, c] = [1, 2, 3].map((part) => mix(Math.imul(number, 7) + this.salt * 131 + part));
    return `${hex(head, 8)}-${hex(a! & 0xffff, 4)}-4${hex(a! >>> 20, 3)}-a${hex(b! >>> 20, 3)}-` +
      `${hex(b! & 0xffff, 4)}${hex(c!, 8)}`;
  }

  find(id: string): number {
    const number = Math.floor(parseInt(id.slice(0, 8), 16) * this.size / ID_SPACE);
    return number < this.size && this.at(number) === id ? number : -1;
  }

  placeOf(id: string): number {
    const guess = Math.floor(parseInt(id.slice(0, 8), 16) * this.size / ID_SPACE);
    let number = Math.max(0, Math.min(this.size, Number.isNaN(guess) ? this.size : guess) - 1);
    while (number < this.size && this.at(number) < id) number++;
    return number;
  }
}

/** What was done to a port since the beginning. */
interface Edit {
  revision: number;
  /** How often its address was changed. */
  changes: number;
  status: string;
}

/** The cloud. */
export class NeutronCloud {
  readonly hosts: number;
  readonly #networks: number;
  readonly #groups: number;
  readonly #edits = new Map<number, Edit>();
  readonly #gone = new Set<number>();
  readonly #ids: Readonly<Record<keyof typeof SALTS, Ids>>;
  /** By the last part of its path, with underscores. */
  readonly collections: Readonly<Record<string, Collection>>;

  /** @param ports how many of them; networks, groups and hosts follow from that. */
  constructor(readonly ports: number) {
    this.hosts = Math.max(1, Math.ceil(ports / PORTS_PER_HOST));
    this.#networks = Math.max(1, Math.ceil(ports / PORTS_PER_NETWORK));
    this.#groups = Math.max(1, Math.ceil(ports / PORTS_PER_GROUP));
    this.#ids = {
      port: new Ids(SALTS.port, ports),
      device: new Ids(SALTS.device, ports),
      network: new Ids(SALTS.network, this.#networks),
      subnet: new Ids(SALTS.subnet, this.#networks),
      group: new Ids(SALTS.group, this.#groups),
      rule: new Ids(SALTS.rule, 3 * this.#groups),
    };
    const { port, network, subnet, group } = this.#ids;
    this.collections = {
      networks: collection(network, (i) => this.#network(i)),
      subnets: collection(subnet, (i) => this.#subnet(i), {
        network_id: (value) => [network.find(value)],
      }),
      security_groups: collection(group, (i) => this.#group(i)),
      floatingips: EMPTY,
      policies: EMPTY,
      address_groups: EMPTY,
      ports: collection(port, (i) => this.#port(i), {
        network_id: (value) => every(network.find(value), this.#networks, ports),
        device_id: (value) => [this.#ids.device.find(value)],
        project_id: (value) => value === PROJECT ? every(0, 1, ports) : [],
        security_groups: (value) => this.#portsOfGroup(group.find(value)),
        "binding:host_id": (value) => every(numberOfHost(value), this.hosts, ports),
        device_owner: (value) => value === OWNER ? every(0, 1, ports) : [],
      }),
    };
  }

  /** The id of a port. */
  portId(number: number): string {
    return this.#ids.port.at(number);
  }

  /** The id of its VM. */
  deviceId(number: number): string {
    return this.#ids.device.at(number);
  }

  /** Where it is bound. */
  hostOf(number: number): string {
    return `host-${number % this.hosts}`;
  }

  /** Gives a port another address and revision. @throws {RangeError} there is no such port. */
  change(id: string): void {
    const edit = this.#edit(id);
    edit.changes++;
    edit.revision++;
  }

  /** Gives a port another status and, as Neutron does, another revision. @throws {RangeError} no such port. */
  setStatus(id: string, status: string): void {
    const edit = this.#edit(id);
    if (edit.status === status) return;
    edit.status = status;
    edit.revision++;
  }

  /** Deletes a port. @throws {RangeError} there is no such port. */
  delete(id: string): void {
    this.#gone.add(this.#numberOf(id));
  }

  #numberOf(id: string): number {
    const number = this.#ids.port.find(id);
    if (number < 0 || this.#gone.has(number)) throw new RangeError(`there is no port ${id}`);
    return number;
  }

  #edit(id: string): Edit {
    const number = this.#numberOf(id);
    const edit = this.#edits.get(number) ?? { revision: 1, changes: 0, status: "ACTIVE" };
    this.#edits.set(number, edit);
    return edit;
  }

  #network(i: number): Item {
    return {
      id: this.#ids.network.at(i),
      revision_number: 1,
      name: `net-${i}`,
      qos_policy_id: null,
      subnets: [this.#ids.subnet.at(i)],
    };
  }

  #subnet(i: number): Item {
    const net = `10.${i >> 8 & 255}.${i & 255}`;
    return {
      id: this.#ids.subnet.at(i),
      revision_number: 1,
      network_id: this.#ids.network.at(i),
      cidr: `${net}.0/24`,
      enable_dhcp: true,
      gateway_ip: `${net}.1`,
      host_routes: [],
      dns_nameservers: [],
      ipv6_ra_mode: null,
      ipv6_address_mode: null,
    };
  }

  #group(i: number): Item {
    const id = this.#ids.group.at(i);
    const rules = [22, 80, 443].map((port, n) => ({
      id: this.#ids.rule.at(3 * i + n),
      direction: "ingress",
      ethertype: "IPv4",
      protocol: "tcp",
      port_range_min: port,
      port_range_max: port,
      remote_ip_prefix: null,
      remote_group_id: id,
    }));
    return { id, revision_number: 1, name: `group-${i}`, security_group_rules: rules };
  }

  #groupsOf(i: number): [number, number] {
    return [i % this.#groups, (i * 7 + 1) % this.#groups];
  }

  #portsOfGroup(group: number): number[] {
    const found: number[] = [];
    for (let i = 0; group >= 0 && i < this.ports; i++) {
      if (this.#groupsOf(i).includes(group)) found.push(i);
    }
    return found;
  }

  #port(i: number): Item | null {
    if (this.#gone.has(i)) return null;
    const network = i % this.#networks;
    const { revision = 1, changes = 0, status = "ACTIVE" } = this.#edits.get(i) ?? {};
    const [a, b] = [i >> 16 & 255, changes & 255].map((value) => hex(value!, 2));
    const place = 2 + Math.floor(i / this.#networks) % 250;
    return {
      id: this.#ids.port.at(i),
      revision_number: revision,
      name: `port-${i}`,
      description: "",
      network_id: this.#ids.network.at(network),
      device_id: this.#ids.device.at(i),
      device_owner: OWNER,
      mac_address: changes === 0 ? `fa:16:3e:${a}:00:01` : `fa:16:3f:00:00:${b}`,
      project_id: PROJECT,
      tenant_id: PROJECT,
      admin_state_up: true,
      status,
      data_plane_status: null,
      fixed_ips: [{
        ip_address: `10.${network >> 8 & 255}.${network & 255}.${place}`,
        subnet_id: this.#ids.subnet.at(network),
      }],
      allowed_address_pairs: [],
      extra_dhcp_opts: [],
      security_groups: this.#groupsOf(i).map((group) => this.#ids.group.at(group)),
      "binding:host_id": this.hostOf(i),
      "binding:vif_type": "tap",
      "binding:vnic_type": "normal",
      "binding:profile": {},
      "binding:vif_details": { port_filter: true, mac_address: "00:61:fe:ed:ca:fe" },
      dns_name: `vm-${i}`,
      dns_assignment: [{ ip_address: "10.0.0.1", hostname: `vm-${i}`, fqdn: `vm-${i}.example.` }],
      qos_policy_id: null,
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
    };
  }
}

const OWNER = "compute:nova";

/** The number in a host's name; -1: it is none. */
function numberOfHost(name: string): number {
  const [, digits] = /^host-(\d+)$/.exec(name) ?? [];
  return digits === undefined ? -1 : Number(digits);
}

/** Each number below a size that leaves that rest; none without a rest. */
function every(rest: number, step: number, size: number): number[] {
  const found: number[] = [];
  for (let i = rest; rest >= 0 && i < size; i += step) found.push(i);
  return found;
}

function collection(
  ids: Ids,
  make: (number: number) => Item | null,
  filters: Readonly<Record<string, (value: string) => readonly number[]>> = {},
): Collection {
  return {
    size: ids.size,
    idOf: (number) => ids.at(number),
    find: (id) => ids.find(id),
    placeOf: (id) => ids.placeOf(id),
    make,
    where(field, values) {
      const numbers = field === "id" ? (id: string) => [ids.find(id)] : filters[field];
      if (!numbers) return null;
      const found = new Set(values.flatMap((value) => numbers(value)));
      return [...found].filter((number) => number >= 0).sort((a, b) => a - b);
    },
  };
}

const EMPTY: Collection = {
  size: 0,
  idOf: () => "",
  find: () => -1,
  placeOf: () => 0,
  make: () => null,
  where: () => [],
};
