import { NeutronCloud } from "../../bench/neutron_cloud.ts";
import { portSchema, securityGroupSchema, subnetSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals } from "../support/assert.ts";

const COUNTS = [1, 2, 999, 5000];

Deno.test("ids ascend with the numbers, are all different, and tell their number", () => {
  for (const count of COUNTS) {
    for (const collection of Object.values(new NeutronCloud(count).collections)) {
      const ids = Array.from({ length: collection.size }, (_, i) => collection.idOf(i));
      assertEquals(ids.toSorted(), ids);
      assertEquals(new Set(ids).size, ids.length);
      assert(ids.every((id, i) => collection.find(id) === i && collection.placeOf(id) === i));
    }
  }
});

Deno.test("an id that is nobody's has its place between two", () => {
  const { ports } = new NeutronCloud(1000).collections;
  for (const i of [0, 1, 500, 998]) {
    const between = ports!.idOf(i).slice(0, -1) + "~"; // right behind it
    assertEquals([ports!.find(between), ports!.placeOf(between)], [-1, i + 1]);
  }
  assertEquals(ports!.placeOf("00000000-"), 0);
  assertEquals(ports!.placeOf("ffffffff-ffff"), 1000);
  assertEquals(ports!.find("no id"), -1);
});

Deno.test("the objects are what Neutron shows, and name each other", () => {
  const { collections } = new NeutronCloud(5000);
  for (const i of [0, 17, 4999]) {
    const port = portSchema.parse(collections.ports!.make(i));
    const network = collections.networks!.find(port.network_id);
    const subnet = collections.subnets!.find(port.fixed_ips[0]!.subnet_id);
    assertEquals(collections.subnets!.make(subnet)!.network_id, port.network_id);
    assertEquals(collections.networks!.make(network)!.subnets, [port.fixed_ips[0]!.subnet_id]);
    assert(port.security_groups.every((id) => collections.security_groups!.find(id) >= 0));
  }
  subnetSchema.parse(collections.subnets!.make(3));
  securityGroupSchema.parse(collections.security_groups!.make(3));
});

Deno.test("a filter finds what a look through all of them finds", () => {
  const { ports, subnets } = new NeutronCloud(1000).collections;
  const all = Array.from({ length: 1000 }, (_, i) => ports!.make(i)!);
  const fields = [
    "id",
    "network_id",
    "device_id",
    "security_groups",
    "project_id",
    "binding:host_id",
  ];
  for (const field of fields) {
    const value = [all[123]![field]].flat()[0] as string;
    const found = all.flatMap((port, i) => [port[field]].flat().includes(value) ? [i] : []);
    assertEquals([...ports!.where(field, [value])!], found);
    assertEquals([...ports!.where(field, ["unknown"])!], []);
  }
  const network = all[123]!.network_id as string;
  assertEquals(subnets!.make(subnets!.where("network_id", [network])![0]!)!.network_id, network);
  assertEquals(ports!.where("name", ["x"]), null);
});

Deno.test("what was changed stays so: address, status and revision; what was deleted is gone", () => {
  const cloud = new NeutronCloud(100);
  const id = cloud.portId(7);
  const port = () => cloud.collections.ports!.make(7)!;
  const before = port();
  cloud.change(id);
  assert(port().mac_address !== before.mac_address);
  cloud.setStatus(id, "DOWN");
  cloud.setStatus(id, "DOWN");
  assertEquals([port().revision_number, port().status], [3, "DOWN"]);
  cloud.delete(id);
  assertEquals(cloud.collections.ports!.make(7), null);
});
