/**
 * How a Neutron behaves where releases differ, or where the product rests on it: each asked of a real one and
 * answered in a few words. docs/compatibility.md has them as a table.
 *
 * @module
 */
import {
  addressGroupSchema,
  floatingIpSchema,
  networkSchema,
  portSchema,
  qosPolicySchema,
  securityGroupRuleSchema,
  securityGroupSchema,
  subnetSchema,
} from "../../lib/openstack/records.ts";
import type { Json } from "./support/rest.ts";
import type { Answer } from "./support/rpc.ts";
import { HOST, type Row, type Wire } from "./support/wire.ts";

const AGENT = { agent_id: `calico-felix-${HOST}`, host: HOST };
const NOBODY = "00000000-0000-0000-0000-000000000000";

/** The fields of a port of Zed, with the plugins of the bed. */
const PORT_OF_ZED = ("admin_state_up allowed_address_pairs binding:host_id binding:profile " +
  "binding:vif_details binding:vif_type binding:vnic_type created_at data_plane_status description " +
  "device_id device_owner dns_assignment dns_name extra_dhcp_opts fixed_ips id " +
  "mac_address name network_id port_security_enabled project_id " +
  "qos_network_policy_id qos_policy_id resource_request revision_number security_groups status tags " +
  "tenant_id updated_at").split(" ");

/** Collections that are read: what makes one of them, and the fields that are used. */
const COLLECTIONS: Readonly<
  Record<
    string,
    { readonly kind: string; readonly body: (wire: Wire) => Json; readonly fields: string[] }
  >
> = {
  ports: {
    kind: "port",
    body: ({ scenery }) => ({ network_id: scenery.network.id }),
    fields: Object.keys(portSchema.shape),
  },
  networks: { kind: "network", body: () => ({}), fields: Object.keys(networkSchema.shape) },
  subnets: {
    kind: "subnet",
    body: ({ scenery }) => ({
      network_id: scenery.network.id,
      ip_version: 4,
      cidr: `10.232.${Math.floor(Math.random() * 250)}.0/24`,
    }),
    fields: Object.keys(subnetSchema.shape),
  },
  "security-groups": {
    kind: "security_group",
    body: () => ({ name: "wire" }),
    fields: Object.keys(securityGroupSchema.shape),
  },
  "qos/policies": {
    kind: "policy",
    body: () => ({ name: "wire" }),
    fields: Object.keys(qosPolicySchema.shape),
  },
  "address-groups": {
    kind: "address_group",
    body: () => ({ name: "wire", addresses: ["10.1.0.0/24"] }),
    // It has no revision.
    fields: Object.keys(addressGroupSchema.shape).filter((field) => field !== "revision_number"),
  },
};

const collectionOf = (path: string) => path.split("/").at(-1)!.replaceAll("-", "_");

/** Makes one of a collection for as long as it is looked at. */
async function withOne<T>(
  wire: Wire,
  path: string,
  look: (object: Json) => Promise<T>,
): Promise<T> {
  const { kind, body } = COLLECTIONS[path]!;
  const { neutron } = wire.bed;
  const object = (await neutron.post(path, { [kind]: body(wire) }))[kind];
  try {
    return await look(object);
  } finally {
    await neutron.delete(`${path}/${object.id}`).catch(() => {}); // deleted by what looked at it
  }
}

/** Names in which something is so, `all of them` or `none of them`. */
async function those(names: readonly string[], isSo: (name: string) => Promise<boolean>) {
  const found: string[] = [];
  for (const name of names) if (await isSo(name)) found.push(name);
  if (found.length === names.length) return "all of them";
  return found.join(", ") || "none of them";
}

const FIELDS: Row[] = [
  {
    name: "the fields that are used: collections that have them all when asked for by name",
    ask: (wire) =>
      those(Object.keys(COLLECTIONS), (path) =>
        withOne(wire, path, async ({ id }) => {
          const { fields } = COLLECTIONS[path]!;
          const query = fields.map((field) => `&fields=${field}`).join("");
          const { body } = await wire.get(`${path}?id=${id}${query}`);
          const [found] = body[collectionOf(path)];
          return fields.every((field) => found?.[field] !== undefined);
        })),
  },
  {
    name: "the fields of a group's rule that are used",
    ask: (wire) =>
      withOne(wire, "security-groups", ({ security_group_rules: [rule] }) =>
        those(
          Object.keys(securityGroupRuleSchema.shape),
          (field) => Promise.resolve(rule[field] !== undefined),
        )),
  },
  {
    name: "fields of a port that 21 has not",
    async ask(wire) {
      const { body } = await wire.get(`ports?network_id=${wire.scenery.network.id}`);
      const more = Object.keys(body.ports[0]).filter((field) => !PORT_OF_ZED.includes(field));
      return more.sort().join(", ") || "none";
    },
  },
  {
    name: "fields of a port of 21 that it has not",
    async ask(wire) {
      const { body } = await wire.get(`ports?network_id=${wire.scenery.network.id}`);
      return PORT_OF_ZED.filter((field) => !(field in body.ports[0])).join(", ") || "none";
    },
  },
  {
    name: "a field that no port has, asked for by name",
    async ask(wire) {
      const { status } = await wire.get("ports?limit=1&fields=id&fields=nonsense");
      return status === 200 ? "left out" : String(status);
    },
  },
  {
    name: "an unknown filter",
    ask: async (wire) => String((await wire.get("ports?nonsense=1")).status),
  },
  {
    name: "a floating IP's fields that are used",
    async ask(wire) {
      const { scenery } = wire;
      const network = await scenery.make("networks", "network", {
        name: "wire-ext",
        "router:external": true,
        "provider:network_type": "flat",
        // One of its own: what a run that was ended left behind is in nobody's way.
        "provider:physical_network": `wire-${crypto.randomUUID().slice(0, 8)}`,
      });
      await scenery.make("subnets", "subnet", {
        network_id: network.id,
        ip_version: 4,
        cidr: "10.233.0.0/24",
      });
      const floatingip = await scenery.make("floatingips", "floatingip", {
        floating_network_id: network.id,
      });
      return await those(
        Object.keys(floatingIpSchema.shape),
        (field) => Promise.resolve(floatingip[field] !== undefined),
      );
    },
  },
];

const PAGES: Row[] = [
  {
    name: "after a marker whose object was deleted: 404",
    ask: (wire) => those(Object.keys(COLLECTIONS), (path) => markerStatus(wire, path, 404)),
  },
  {
    name: "after a marker whose object was deleted: 200 and the first page",
    ask: (wire) => those(Object.keys(COLLECTIONS), (path) => markerStatus(wire, path, 200)),
  },
  {
    name: "links of a page that is full though nothing comes after it",
    ask: async (wire) => links((await wire.get(ofNetwork(wire, "&limit=2"))).body.ports_links),
  },
  {
    name: "links of a page that is not full",
    ask: async (wire) => links((await wire.get(ofNetwork(wire, "&limit=3"))).body.ports_links),
  },
  {
    name: "links without a limit",
    ask: async (wire) => links((await wire.get(ofNetwork(wire, ""))).body.ports_links),
  },
  {
    name: "order with sort_key=id",
    async ask(wire) {
      const { body } = await wire.get(ofNetwork(wire, "&limit=3&sort_key=id&sort_dir=asc"));
      const ids = body.ports.map(({ id }: Json) => id);
      return ids.join() === ids.toSorted().join() ? "ascending" : "none";
    },
  },
  {
    name: "30 ids in a filter, one of them there",
    ask: (wire) => idsFound(wire, 30),
  },
  {
    name: "200 ids in a filter, one of them there",
    ask: (wire) => idsFound(wire, 200),
  },
];

const ofNetwork = ({ scenery }: Wire, query: string) =>
  `ports?fields=id&network_id=${scenery.network.id}${query}`;

function links(found: { rel: string }[] | undefined): string {
  return found?.map(({ rel }) => rel).sort().join(" and ") ?? "none";
}

async function markerStatus(wire: Wire, path: string, wanted: number): Promise<boolean> {
  const id = await withOne(wire, path, (object) => Promise.resolve(object.id));
  return (await wire.get(`${path}?limit=1&sort_key=id&sort_dir=asc&marker=${id}`)).status ===
    wanted;
}

async function idsFound(wire: Wire, count: number): Promise<string> {
  const { body } = await wire.get(ofNetwork(wire, "&limit=1"));
  const ids = [body.ports[0].id, ...Array.from({ length: count - 1 }, () => crypto.randomUUID())];
  const answer = await wire.get(`ports?fields=id&${ids.map((id) => `id=${id}`).join("&")}`)
    .catch(() => null);
  if (answer === null) return "the connection is closed";
  if (answer.status !== 200) return String(answer.status);
  return `${answer.body.ports.length} port`;
}

/** What a collection shows to the role `service` of what is another project's. */
const shows = (path: string) => async (wire: Wire): Promise<boolean> =>
  await withOne(wire, path, async ({ id }) => {
    const { body } = await wire.get(`${path}?fields=id&id=${id}`, wire.service);
    return body?.[collectionOf(path)]?.length === 1;
  });

const RIGHTS: Row[] = [
  {
    name: "collections of which the role `service` sees what is another project's",
    ask: (wire) => those(Object.keys(COLLECTIONS), (path) => shows(path)(wire)),
  },
  {
    name: "where a port is bound, for the role `service`",
    async ask(wire) {
      const { body } = await wire.get(
        `ports?fields=binding:host_id&network_id=${wire.scenery.network.id}`,
        wire.service,
      );
      const [port] = body.ports;
      if (!port) return "no port";
      return "binding:host_id" in port ? "told" : "not told";
    },
  },
  {
    name: "agents, for the role `service`",
    async ask(wire) {
      return await withAgent(wire, async ({ id }) => {
        const { body } = await wire.get(`agents?fields=id&id=${id}`, wire.service);
        return body?.agents?.length === 1 ? "told" : "not told";
      });
    },
  },
  {
    name: "setting `binding:profile`: the role `admin` alone",
    ask: (wire) => setsProfile(wire, wire.admin),
  },
  {
    name: "setting `binding:profile`: the role `service`",
    ask: (wire) => setsProfile(wire, wire.service),
  },
];

function setsProfile(wire: Wire, as: Wire["service"]): Promise<string> {
  return withOne(wire, "ports", async ({ id }) => {
    const port = { "binding:profile": { migrating_to: "wire-2" } };
    return await as.put(`ports/${id}`, { port }).then(
      () => "taken",
      ({ status }) => String(status),
    );
  });
}

const told = (answer: Answer) =>
  "raised" in answer ? `raises ${answer.raised}` : JSON.stringify(answer.result);

const plugin = (wire: Wire, method: string, args: Json, version = "1.9") =>
  wire.rpc.call("q-plugin", method, { ...AGENT, ...args }, version);

/** `PORT` for the port's id. */
async function list(wire: Wire, up: readonly string[], down: readonly string[]): Promise<string> {
  const answer = await plugin(wire, "update_device_list", {
    devices_up: up,
    devices_down: down,
    refresh_tunnels: false,
  });
  if ("raised" in answer) return told(answer);
  const result = answer.result as Record<string, unknown[]>;
  return Object.keys(result).sort().map((key) => `${key} ${result[key]!.length}`).join(", ");
}

/** An agent of one host for as long as it is looked at, and another report of it. */
async function withAgent(
  wire: Wire,
  look: (agent: Json, report: { first: string; call: () => Promise<Answer> }) => Promise<string>,
): Promise<string> {
  const host = `wire-${crypto.randomUUID()}`;
  const agent_state = {
    agent_type: "Calico per-host agent (felix)",
    binary: "calico-felix",
    topic: "N/A",
    configurations: {},
    host,
    start_flag: true,
  };
  const call = () => {
    const time = new Date().toISOString().replace(/(\.\d{3})Z$/, "$1000");
    const args = { agent_state: { agent_state }, time };
    return wire.rpc.call("q-reports-plugin", "report_state", args, "1.2");
  };
  const first = told(await call());
  const { neutron } = wire.bed;
  const [agent] = await neutron.list(`agents?host=${host}`);
  try {
    return await look(agent, { first, call });
  } finally {
    await neutron.delete(`agents/${agent.id}`);
  }
}

const RPC: Row[] = [
  {
    name: "`report_state` of a host for the first time, and again",
    ask: (wire) =>
      withAgent(wire, async (_, again) => `${again.first}, ${told(await again.call())}`),
  },
  {
    name: "`update_device_up` of a port that is not there",
    ask: async (wire) => told(await plugin(wire, "update_device_up", { device: NOBODY })),
  },
  {
    name: "`update_device_down` of a port that is not there",
    async ask(wire) {
      const answer = await plugin(wire, "update_device_down", { device: NOBODY });
      return told(answer).replace(NOBODY, "PORT");
    },
  },
  {
    name: "`update_device_up` of a port that is bound elsewhere",
    ask: (wire) =>
      withOne(
        wire,
        "ports",
        async ({ id }) =>
          told(await plugin(wire, "update_device_up", { device: id })) + ", " +
          (await wire.bed.neutron.get(`ports/${id}`)).port.status,
      ),
  },
  {
    name: "`update_device_list`: one up that is not there, one down that is not",
    ask: (wire) => list(wire, [NOBODY], [crypto.randomUUID()]),
  },
  {
    name: "a version of the plugin's interface that it has not (1.99)",
    ask: async (wire) => told(await plugin(wire, "update_device_up", { device: NOBODY }, "1.99")),
  },
];

const OTHERS: Row[] = [
  {
    name: "what the list of versions says",
    async ask(wire) {
      const response = await fetch(`${wire.bed.at.neutronUrl}/`);
      const { versions } = await response.json();
      return versions.map(({ id, status }: Json) => `${id} ${status}`).join(", ");
    },
  },
  {
    name: "a header `Date`",
    async ask(wire) {
      const response = await fetch(`${wire.bed.at.neutronUrl}/`);
      await response.body?.cancel();
      return response.headers.has("date") ? "sent" : "none";
    },
  },
];

/** All of them. */
export const ROWS: readonly Row[] = [...FIELDS, ...PAGES, ...RIGHTS, ...RPC, ...OTHERS];
