/**
 * The service user of least rights, as `contrib/policy/` gives them: it sees what the node needs of all
 * projects, and changes nothing. (That a node works with it, all other files show.)
 */
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { portSchema, subnetSchema } from "../../lib/openstack/records.ts";
import { Bed, CONDUCTOR } from "./support/bed.ts";
import { Conductor } from "./support/conductor.ts";
import { PREFIXES } from "./support/etcd_state.ts";
import { Felixes } from "./support/felix.ts";
import { type Json, Rest, RestError } from "./support/rest.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

/** One object of each kind in a project that is not the user's. */
async function others({ neutron }: Bed, project_id: string) {
  const made: [path: string, kind: string, id: string][] = [];
  const make = async (path: string, kind: string, body: Json) => {
    const { id } =
      (await neutron.post(path, { [kind]: { project_id, name: "rights", ...body } }))[kind];
    made.push([path, kind, id]);
    return id;
  };
  const group_id = await make("security-groups", "security_group", {});
  await make("address-groups", "address_group", { addresses: ["192.0.2.0/24"] });
  const policy_id = await make("qos/policies", "policy", {});
  const network_id = await make("networks", "network", { qos_policy_id: policy_id });
  await make("subnets", "subnet", { network_id, ip_version: 4, cidr: "10.241.0.0/24" });
  await make("ports", "port", {
    network_id,
    device_owner: "compute:nova",
    device_id: crypto.randomUUID(),
    "binding:host_id": "rights-1",
    "binding:profile": { migrating_to: "rights-2" },
    security_groups: [group_id],
    qos_policy_id: policy_id,
  });
  return made;
}

async function refused(call: Promise<unknown>, what: string): Promise<void> {
  const error = await call.then(() => null, (error) => error);
  // Newer releases answer 400 to a project that the user may not name.
  const isRefused = error instanceof RestError &&
    ([403, 404].includes(error.status) ||
      error.status === 400 && /not allowed/.test(error.message));
  assert(isRefused, `${what}: ${error}`);
}

Deno.test("the service user reads what the node needs, and changes nothing", async (t) => {
  const bed = await Bed.open();
  const user = bed.as(CONDUCTOR);
  const name = `rights-${crypto.randomUUID()}`;
  const theirs = (await bed.keystone.post("projects", { project: { name } })).project.id;
  const objects = await others(bed, theirs);

  await t.step("it sees every object that the administrator sees", async () => {
    const paths = [
      "ports",
      "networks",
      "subnets",
      "security-groups",
      "address-groups",
      "qos/policies",
      "floatingips",
    ];
    for (const path of paths) {
      // Twice: a first list of groups makes a default group for the project of who asks.
      await user.list(path);
      await bed.neutron.list(path);
      const ids = (items: Json[]) => items.map(({ id }) => id).sort();
      assertEquals(ids(await user.list(path)), ids(await bed.neutron.list(path)), path);
    }
  });

  await t.step("with all fields that become part of a key", async () => {
    const same = async (path: string, fields: readonly string[]) => {
      const query = `${path}?${fields.map((field) => `fields=${field}`).join("&")}`;
      // Neutron keeps no order: neither of a list, nor of what is listed within an object.
      const byId = (items: Json[]): Json[] =>
        items.map((item): Json =>
          Object.fromEntries(
            Object.entries(item).map(([name, value]) => [
              name,
              Array.isArray(value) && value.some((one) => one?.id) ? byId(value) : value,
            ]),
          )
        ).toSorted((a, b) => a.id < b.id ? -1 : 1);
      assertEquals(byId(await user.list(query)), byId(await bed.neutron.list(query)));
    };
    await same("ports", Object.keys(portSchema.shape));
    await same("subnets", Object.keys(subnetSchema.shape));
    await same("networks", ["id", "name", "qos_policy_id", "revision_number"]);
    await same("security-groups", ["id", "name", "security_group_rules", "revision_number"]);
    await same("address-groups", ["id", "addresses"]);
    await same("qos/policies", ["id", "rules", "revision_number"]);
    await same("floatingips", ["id", "port_id", "fixed_ip_address", "floating_ip_address"]);
  });

  await t.step("and Keystone's projects", async () => {
    const rest = new Rest(bed.at.keystoneUrl, bed.at.keystoneUrl, CONDUCTOR);
    const names = (await rest.list("projects")).map(({ name }) => name);
    assert(names.includes(name), names.join());
    await refused(rest.list("users"), "users");
    await refused(rest.post("projects", { project: { name: "mine" } }), "a project");
  });

  await t.step("it may change and delete none of them", async () => {
    for (const [path, kind, id] of objects) {
      const rename = { [kind]: { name: "changed" } };
      await refused(user.put(`${path}/${id}`, rename), `change ${kind}`);
      await refused(user.delete(`${path}/${id}`), `delete ${kind}`);
    }
  });

  await t.step("nor make any, in another project or in its own", async () => {
    const [network, group] = ["network", "security_group"].map((wanted) =>
      objects.find(([, kind]) => kind === wanted)![2]
    );
    const own = (await bed.keystone.list("projects?name=service"))[0].id;
    for (const project_id of [own, theirs]) {
      const make = (path: string, kind: string, body: Json) =>
        refused(user.post(path, { [kind]: { project_id, ...body } }), `make ${kind}`);
      await make("networks", "network", { name: "mine" });
      await make("subnets", "subnet", {
        network_id: network,
        ip_version: 4,
        cidr: "10.242.0.0/24",
      });
      await make("ports", "port", { network_id: network });
      await make("security-groups", "security_group", { name: "mine" });
      await make("security-group-rules", "security_group_rule", {
        security_group_id: group,
        direction: "ingress",
      });
      await make("routers", "router", { name: "mine" });
      await make("qos/policies", "policy", { name: "mine" });
    }
  });

  for (const [path, , id] of objects.toReversed()) await bed.neutron.delete(`${path}/${id}`);
  await bed.keystone.delete(`projects/${theirs}`);
});

Deno.test("a RabbitMQ user of its own: its queues, and Neutron's exchange", GRPC, async () => {
  const bed = await Bed.open();
  const [name, password] = [`rights-${crypto.randomUUID().slice(0, 8)}`, "of-its-own"];
  const [replies, own] = ["reply_[0-9a-f]{32}", "calico-conductor.*"];
  await bed.rabbitmqctl("add_user", name, password);
  await bed.rabbitmqctl(
    "set_permissions",
    name,
    `^(${replies}|${own})$`,
    `^(neutron|q-plugin|q-reports-plugin|amq\\.default|${own})$`,
    `^(neutron|${replies}|${own})$`,
  );
  const url = new URL(bed.at.transportUrl);
  [url.username, url.password] = [name, password];
  {
    await using conductor = await Conductor.create(bed, {
      args: ["--incremental-interval=0", "--resync-interval=86400"],
      env: { CONDUCTOR_TRANSPORT_URL: url.href },
    });
    // Reports go out …
    await using felixes = await Felixes.start(conductor.etcd, ["rights-1"]);
    await felixes.alive(bed);
    // … and notifications come in.
    const network =
      (await bed.neutron.post("networks", { network: { name: "rights" } })).network.id;
    const subnet = { network_id: network, ip_version: 4, cidr: "10.242.0.0/24" };
    const { id } = (await bed.neutron.post("subnets", { subnet })).subnet;
    await eventually("the subnet is in etcd", async () => {
      return await conductor.etcd.get(PREFIXES.subnets + id).exists();
    }, 20_000);
    await bed.neutron.delete(`networks/${network}`);
  }
  await bed.rabbitmqctl("delete_user", name);
});
