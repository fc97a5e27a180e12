/**
 * A whole cloud in a real Neutron, and what a node makes of it: at the start, and while it changes.
 * What etcd must hold is worked out by `support/expectation.ts`.
 */
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { Changes } from "./support/changes.ts";
import { type Cloud, HOSTS, seededCloud } from "./support/cloud.ts";
import { Conductor } from "./support/conductor.ts";
import { PREFIXES, readState } from "./support/etcd_state.ts";
import { differences, expectedState } from "./support/expectation.ts";
import { Felixes } from "./support/felix.ts";

const CHANGES = Number(Deno.env.get("OPENSTACK_CHANGES") ?? "200");
/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

Deno.test("a cloud of ports of every sort: every key is as it must be", GRPC, async (t) => {
  const bed = await Bed.open();
  await using conductor = await Conductor.create(bed, {
    // Pages of different length; and after the first no full resync but when it is asked for.
    args: [
      "--page-size=70",
      "--resync-interval=86400",
      "--incremental-interval=5",
      "--neutron-budget=0",
    ],
  });
  await using felixes = await Felixes.start(conductor.etcd, HOSTS);
  await felixes.alive(bed);
  const fullResyncs = async () =>
    (await conductor.node.answer()).resyncs.filter(({ reason }) => reason !== "incremental");
  const wrong = async () => differences(await expectedState(bed), await readState(conductor.etcd));
  let cloud: Cloud | undefined;

  await t.step("the cloud is made, and the node follows", async () => {
    cloud = await seededCloud(bed);
    await settled(wrong);
  });
  if (!cloud) return;

  await t.step("resync into an empty etcd: every key equals the expectation", async () => {
    for (const prefix of Object.values(PREFIXES)) await conductor.etcd.delete().prefix(prefix);
    const { code, text } = await conductor.node.command("resync");
    assertEquals(code, 0, text);
    assertEquals(await wrong(), []);
  });

  await t.step("what others wrote over or left behind is put right", async () => {
    await spoil(conductor);
    assert((await wrong()).length >= 5);
    const { code, text } = await conductor.node.command("resync");
    assertEquals(code, 0, text);
    assertEquals(await wrong(), []);
  });

  const seed = Number(Deno.env.get("OPENSTACK_SEED") ?? Date.now() % 1_000_000);
  await t.step(`${CHANGES} random changes, OPENSTACK_SEED=${seed}`, async () => {
    const before = (await fullResyncs()).length;
    const changes = new Changes(bed, cloud!, seed);
    await changes.run(CHANGES);
    await settled(wrong).catch((error) => {
      throw new Error(`seed ${seed}: ${error.message}\nafter\n${changes.done.join("\n")}`);
    });
    assertEquals((await fullResyncs()).length, before, "a full resync came to help");
  });

  await t.step("a full resync would change nothing", async () => {
    assertEquals(await conductor.dryRunCount(), 0);
  });
});

/** Damage of every kind that a full resync repairs: five keys. */
async function spoil({ etcd }: Conductor): Promise<void> {
  const keys = [...(await readState(etcd)).keys()];
  const key = (prefix: string) => keys.find((k) => k.startsWith(prefix))!;
  const endpoint = JSON.parse((await etcd.get(key(PREFIXES.endpoints)).string())!);
  endpoint.metadata.labels.stray = "label";
  endpoint.spec.mac = "00:00:00:00:00:00";
  await etcd.put(key(PREFIXES.endpoints)).value(JSON.stringify(endpoint));
  await etcd.put(key(PREFIXES.policies)).value("{}");
  await etcd.delete().key(key(PREFIXES.subnets));
  await etcd.put(`${PREFIXES.policies}ossg.default.gone`).value("{}");
  await etcd.put(`${PREFIXES.endpoints}host-openstack-vm-gone`).value("{}");
}

/** Waits until nothing is wrong. */
async function settled(wrong: () => Promise<string[]>): Promise<void> {
  let last: string[] = [];
  await eventually(
    "etcd follows",
    async () => {
      last = await wrong();
      return last.length === 0;
    },
    30_000,
    500,
  ).catch((error) => {
    const some = last.slice(0, 10).join("\n");
    throw new Error(`${error.message}: ${last.length} keys are not as they must be\n${some}`);
  });
}
