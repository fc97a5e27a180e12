/**
 * Random changes of a cloud through its APIs, drawn from a seed: what users, Nova and operators do. A
 * change that Neutron refuses (a group in use, a full subnet) counts as none.
 *
 * @module
 */
import { Random } from "../../../lab/random.ts";
import type { Bed } from "./bed.ts";
import { type Cloud, HOSTS, NAMES, ruleOf, RULES } from "./cloud.ts";
import { type Json, RestError } from "./rest.ts";

/** A list of all ports costs Neutron more than most changes. */
const REFRESH = 15;
const PORT_FIELDS = [
  "id",
  "device_id",
  "device_owner",
  "project_id",
  "network_id",
  "binding:host_id",
  "binding:vif_type",
  "binding:profile",
];

type Change = (changes: Changes) => Promise<string>;

/** Draws and does one change after the other. */
export class Changes {
  readonly random: Random;
  /** What was done, for the failure message. */
  readonly done: string[] = [];
  refused = 0;
  #ports: Json[] = [];
  #age = 0;

  constructor(readonly bed: Bed, readonly cloud: Cloud, seed: number) {
    this.random = new Random(seed);
  }

  /** Does that many changes. @throws Neutron failed (a refusal is no failure). */
  async run(count: number): Promise<void> {
    while (this.done.length < count) {
      const [name, change] = this.random.pick(WEIGHTED);
      try {
        this.done.push(`${name} ${await change(this)}`);
      } catch (error) {
        if (!(error instanceof RestError) || error.status >= 500) throw error;
        if (++this.refused > count) throw new Error("Neutron refuses nearly all changes");
      }
    }
  }

  get neutron() {
    return this.bed.neutron;
  }

  /** One of the VMs' ports, as it was a few changes ago: one that is gone meanwhile counts as refused. */
  async vm(which: (port: Json) => boolean = () => true): Promise<Json> {
    if (this.#age++ % REFRESH === 0) {
      const fields = PORT_FIELDS.map((field) => `fields=${field}`).join("&");
      this.#ports = (await this.neutron.list(`ports?${fields}`)).filter(({ device_owner }) =>
        device_owner.startsWith("compute:") || device_owner === "kuryr:container"
      );
    }
    return this.#oneOf(this.#ports.filter(which), "no VM");
  }

  async any(collection: string): Promise<Json> {
    return this.#oneOf(await this.neutron.list(collection), `no ${collection}`);
  }

  #oneOf(items: Json[], what: string): Json {
    if (items.length === 0) throw new RestError(404, what, "");
    // By what the seed decides, and not by ids that Neutron makes up.
    const orderOf = (item: Json) => item.device_id ?? item.floating_ip_address ?? item.id;
    return this.random.pick(items.toSorted((a, b) => orderOf(a) < orderOf(b) ? -1 : 1));
  }
}

async function put(changes: Changes, path: string, kind: string, body: Json): Promise<string> {
  await changes.neutron.put(path, { [kind]: body });
  return `${path} ${JSON.stringify(body)}`;
}

const PORT_CHANGES: Record<string, Change> = {
  async createPort(c) {
    const network = c.random.pick(c.cloud.networks);
    const groups = c.cloud.groups.filter(({ project }) => project === network.project);
    const port: Json = {
      network_id: network.id,
      project_id: network.project,
      device_owner: "compute:nova",
      device_id: c.random.uuid(),
      security_groups: groups.slice(0, c.random.below(3)).map(({ id }) => id),
    };
    if (c.random.below(4) > 0) port["binding:host_id"] = c.random.pick(HOSTS);
    return (await c.neutron.post("ports", { port })).port.id;
  },
  async deletePort(c) {
    const { id } = await c.vm();
    await c.neutron.delete(`ports/${id}`);
    return id;
  },
  async bind(c) {
    return await put(c, `ports/${(await c.vm()).id}`, "port", {
      "binding:host_id": c.random.pick([...HOSTS, ""]),
    });
  },
  async attach(c) {
    const device = {
      device_id: c.random.uuid(),
      device_owner: c.random.pick(["compute:nova", ""]),
    };
    return await put(c, `ports/${(await c.vm()).id}`, "port", device);
  },
  async beginMigration(c) {
    const port = await c.vm();
    const migrating_to = c.random.pick(HOSTS);
    return await put(c, `ports/${port.id}`, "port", { "binding:profile": { migrating_to } });
  },
  /** As Nova does it: a binding at the target, the profile, and then that binding is activated. */
  async migrate(c) {
    const port = await c.vm();
    const from = port["binding:host_id"];
    const to = c.random.pick(HOSTS.filter((host) => host !== from));
    if (port["binding:vif_type"] !== "tap") throw new RestError(409, "not bound", "");
    await c.neutron.post(`ports/${port.id}/bindings`, { binding: { host: to } });
    await put(c, `ports/${port.id}`, "port", { "binding:profile": { migrating_to: to } });
    await c.neutron.put(`ports/${port.id}/bindings/${to}/activate`);
    await c.neutron.delete(`ports/${port.id}/bindings/${from}`);
    return `${port.id} ${from} → ${to}`;
  },
  async endMigration(c) {
    const port = await c.vm((port) => port["binding:profile"].migrating_to);
    return await put(c, `ports/${port.id}`, "port", { "binding:profile": {} });
  },
  async groupsOfPort(c) {
    const port = await c.vm();
    const groups = c.cloud.groups.filter(({ project }) => project === port.project_id);
    return await put(c, `ports/${port.id}`, "port", {
      security_groups: groups.filter(() => c.random.below(3) === 0).map(({ id }) => id),
    });
  },
  async pairsOfPort(c) {
    return await put(c, `ports/${(await c.vm()).id}`, "port", {
      allowed_address_pairs: Array.from({ length: c.random.below(4) }, () => ({
        ip_address: `203.0.113.${c.random.below(250)}`,
      })),
    });
  },
  async addressOfPort(c) {
    const port = await c.vm();
    const network = c.cloud.networks.find(({ id }) => id === port.network_id)!;
    return await put(c, `ports/${port.id}`, "port", {
      fixed_ips: [{ subnet_id: c.random.pick(network.subnets) }],
    });
  },
  async nameOfPort(c) {
    return await put(c, `ports/${(await c.vm()).id}`, "port", {
      name: c.random.pick(NAMES),
      dns_name: `vm-${c.random.below(1000)}`,
    });
  },
  async qosOfPort(c) {
    return await put(c, `ports/${(await c.vm()).id}`, "port", {
      qos_policy_id: c.random.pick([...c.cloud.policies, null]),
    });
  },
  async portSecurityOff(c) {
    return await put(c, `ports/${(await c.vm()).id}`, "port", {
      port_security_enabled: false,
      security_groups: [],
      allowed_address_pairs: [],
    });
  },
};

const OTHER_CHANGES: Record<string, Change> = {
  async nameOfGroup(c) {
    const { id } = c.random.pick(c.cloud.groups);
    return await put(c, `security-groups/${id}`, "security_group", { name: c.random.pick(NAMES) });
  },
  async addRule(c) {
    const group = c.random.pick(c.cloud.groups);
    const rule = ruleOf(c.random.pick(RULES), group.id, group.id, group.project);
    return (await c.neutron.post("security-group-rules", { security_group_rule: rule }))
      .security_group_rule.id;
  },
  async deleteRule(c) {
    const { id } = await c.any("security-group-rules");
    await c.neutron.delete(`security-group-rules/${id}`);
    return id;
  },
  async createGroup(c) {
    const group = { name: c.random.pick(NAMES), project_id: c.random.pick(c.cloud.projects) };
    const { id } = (await c.neutron.post("security-groups", { security_group: group }))
      .security_group;
    c.cloud.groups.push({ id, project: group.project_id });
    return id;
  },
  async deleteGroup(c) {
    const at = c.random.below(c.cloud.groups.length);
    const { id } = c.cloud.groups[at]!;
    await c.neutron.delete(`security-groups/${id}`);
    c.cloud.groups.splice(at, 1);
    return id;
  },
  async nameOfNetwork(c) {
    const { id } = c.random.pick(c.cloud.networks);
    return await put(c, `networks/${id}`, "network", { name: c.random.pick(NAMES) });
  },
  async qosOfNetwork(c) {
    const { id } = c.random.pick(c.cloud.networks);
    const qos_policy_id = c.random.pick([...c.cloud.policies, null]);
    return await put(c, `networks/${id}`, "network", { qos_policy_id });
  },
  async qosRule(c) {
    const policy = c.random.pick(c.cloud.policies);
    const { rules } = (await c.neutron.get(`qos/policies/${policy}`)).policy;
    const rule = rules[c.random.below(3)];
    const kind = c.random.below(2) === 0 ? "bandwidth_limit" : "packet_rate_limit";
    const amounts = (of: string) =>
      of === "bandwidth_limit"
        ? { max_kbps: c.random.below(50_000), max_burst_kbps: c.random.below(9000) }
        : { max_kpps: c.random.below(12) };
    const type = rule?.type ?? kind;
    const path = `qos/policies/${policy}/${type}_rules`;
    if (!rule) {
      const direction = c.random.pick(["ingress", "egress"]);
      await c.neutron.post(path, { [`${type}_rule`]: { ...amounts(type), direction } });
    } else if (c.random.below(3) === 0) await c.neutron.delete(`${path}/${rule.id}`);
    else await c.neutron.put(`${path}/${rule.id}`, { [`${type}_rule`]: amounts(type) });
    return path;
  },
  async subnet(c) {
    const network = c.random.pick(c.cloud.networks);
    const id = c.random.pick(network.subnets);
    const body = c.random.pick<Json>([
      { enable_dhcp: c.random.below(2) === 0 },
      { gateway_ip: null },
      { dns_nameservers: [`9.9.9.${c.random.below(250)}`] },
      { host_routes: [] },
    ]);
    return await put(c, `subnets/${id}`, "subnet", body);
  },
  async createSubnet(c) {
    const network = c.random.pick(c.cloud.networks);
    const cidr = `10.${100 + c.random.below(100)}.${c.random.below(250)}.0/24`;
    const subnet = { network_id: network.id, project_id: network.project, ip_version: 4, cidr };
    const { id } = (await c.neutron.post("subnets", { subnet })).subnet;
    network.subnets.push(id);
    return id;
  },
  async deleteSubnet(c) {
    const network = c.random.pick(c.cloud.networks);
    const id = network.subnets.at(-1)!;
    await c.neutron.delete(`subnets/${id}`);
    network.subnets.pop();
    return id;
  },
  async moveFloatingIp(c) {
    const fip = await c.any("floatingips");
    const network = c.random.pick(c.cloud.networks.slice(0, 2)).id;
    const { id } = await c.vm(({ network_id }) => network_id === network);
    const port_id = c.random.below(3) === 0 ? null : id;
    return await put(c, `floatingips/${fip.id}`, "floatingip", { port_id });
  },
  async createFloatingIp(c) {
    const floatingip = { floating_network_id: c.cloud.externalNetwork };
    return (await c.neutron.post("floatingips", { floatingip })).floatingip.id;
  },
  async deleteFloatingIp(c) {
    const { id } = await c.any("floatingips");
    await c.neutron.delete(`floatingips/${id}`);
    return id;
  },
  async nameOfProject(c) {
    const projects = await c.bed.keystone.list("projects");
    const ours = projects.filter(({ id }) => c.cloud.projects.includes(id));
    const { id } = c.random.pick(ours);
    const name = `project ${c.random.below(1000)} ${c.random.pick(["<b>", "äöü", "…", "x/y"])}`;
    await c.bed.keystone.request("PATCH", `projects/${id}`, { project: { name } });
    return `${id} ${name}`;
  },
};

/** Ports change three times as often as all else. */
const WEIGHTED = [
  ...Object.entries(PORT_CHANGES),
  ...Object.entries(PORT_CHANGES),
  ...Object.entries(OTHER_CHANGES),
];
