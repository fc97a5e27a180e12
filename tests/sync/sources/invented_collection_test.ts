import { z } from "zod";
import { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import {
  COLLECTIONS,
  type Followed,
  type Related,
  type Row,
} from "../../../lib/sync/model/collections.ts";
import { applyChanges } from "../../../lib/sync/sources/changes.ts";
import { readRelated } from "../../../lib/sync/sources/full_read.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { addHints, Hints } from "../../../lib/sync/sources/notification.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type Scene, withCloud } from "../scene.ts";

const agentSchema = z.object({ id: z.string(), revision_number: z.number(), topic: z.string() });
type Agent = z.infer<typeof agentSchema>;

/** As if endpoints showed something of the agent of their host. */
const ROW: Row<Agent> = {
  service: "neutron",
  schema: agentSchema,
  fields: undefined,
  notifiedAs: "agent",
  parts: null,
  shown: {
    schema: agentSchema,
    fields: undefined,
    of: ({ topic }) => topic,
    portField: "binding:host_id",
    foundBy: "filter",
  },
  isCounted: true,
  words: ["agent", "agents"],
};
const WITH_AGENTS = { ...COLLECTIONS, agents: ROW };
const AGENTS = "agents" as Followed & Related;

/** An agent for each host, and an index that has them. */
async function withAgents(play: (scene: Scene, index: CloudIndex) => Promise<void>) {
  await withCloud(async (scene) => {
    const { cloud } = scene;
    for (const { id } of cloud.list("agents")) cloud.remove("agents", id);
    for (const id of cloud.hosts) cloud.add("agents", { id, topic: "calm" });
    const index = new CloudIndex(null, { table: WITH_AGENTS });
    await readRelated(scene.run(index), scene.term.signal);
    assertEquals([...index.related.of(AGENTS).keys()].sort(), cloud.hosts.toSorted());
    await incrementalResync(scene.run(index));
    assertEquals(await incrementalResync(scene.run(index)), 0);
    await play(scene, index);
  }, { ports: 12, hosts: 3 });
}

const portsAt = ({ cloud }: Scene, host: string): number =>
  cloud.list("ports").filter((port) => port["binding:host_id"] === host).length;

Deno.test("an invented collection is followed: who shows what has changed of it is looked at", () =>
  withAgents(async (scene, index) => {
    const host = scene.cloud.hosts[1]!;
    scene.cloud.change("agents", host, { topic: "busy" });
    assertEquals(await incrementalResync(scene.run(index)), portsAt(scene, host));
    scene.cloud.change("agents", host, { description: "which nobody shows" });
    assertEquals(await incrementalResync(scene.run(index)), 0);
    scene.cloud.remove("agents", host);
    await incrementalResync(scene.run(index));
    assert(!index.related.of(AGENTS).has(host));
  }));

Deno.test("an invented collection is heard of", () =>
  withAgents(async (scene, index) => {
    const host = scene.cloud.hosts[2]!;
    const hints = new Hints(WITH_AGENTS);
    const agent = scene.cloud.change("agents", host, { topic: "busy" })!;
    const notification = { type: "agent.update.end", payload: { agent } };
    assert(addHints(hints, notification, () => false));
    const { ports } = await applyChanges(scene.run(index), hints.changed);
    assertEquals(ports.size, portsAt(scene, host));
    assert(!addHints(new Hints(), notification, () => false), "the real table has none");
  }));

Deno.test("a full resync compares the ports again that show what has changed of an invented collection", () =>
  withAgents(async (scene, index) => {
    const [host, other] = scene.cloud.hosts;
    scene.cloud.change("agents", host!, { topic: "busy" });
    const now = new CloudIndex(null, { table: WITH_AGENTS });
    await readRelated(scene.run(now), scene.term.signal);
    for (const { id } of scene.cloud.list("security_groups")) now.noteSameGroup(id, index);
    const changes = now.related.changesSince(index.related);
    assert(changes.concern("p", { "binding:host_id": host }));
    assert(!changes.concern("p", { "binding:host_id": other }));
  }));

Deno.test("a port names an agent that the list lacked: it is asked for by id", () =>
  withAgents(async (scene, index) => {
    const host = scene.cloud.hosts[0]!;
    index.forget(AGENTS, host);
    const some = scene.cloud.list("ports").find((port) => port["binding:host_id"] === host)!;
    scene.requests.length = 0;
    const hints = new Hints(WITH_AGENTS);
    hints.changed.ports.add(some.id);
    await applyChanges(scene.run(index), hints.changed);
    assert(index.related.of(AGENTS).has(host));
    const asked = scene.requests.filter(({ pathname }) => pathname.endsWith("/agents"));
    assertEquals(asked.map(({ searchParams }) => searchParams.getAll("id")), [[host]]);
  }));
