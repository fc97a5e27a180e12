import { Round } from "../../../lib/sync/rounds/round.ts";
import type { SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { qosPolicy } from "../../harm/records.ts";
import { assertEquals } from "../../support/assert.ts";
import { type Scene, withCloud } from "../scene.ts";

/** A round, and what its slices did. */
async function goRound({ deps, term }: Scene, round: Round): Promise<SyncRun[]> {
  const runs: SyncRun[] = [];
  while (!round.ended) runs.push(await round.slice(deps, term));
  return runs;
}

Deno.test("round: the slice with the last of networks and QoS policies fails, and what both showed is not lost", () =>
  withCloud(async (scene) => {
    const { cloud, deps, term, random } = scene;
    const [port] = cloud.vmPorts();
    const policy = cloud.add("policies", qosPolicy(random.uuid(), String(port!.project_id), 1000));
    cloud.change("networks", String(port!.network_id), { qos_policy_id: policy.id });
    const { index } = await scene.resync();
    cloud.change("policies", policy.id, { rules: qosPolicy(policy.id, "", 3000).rules });
    cloud.change("networks", String(port!.network_id), { name: "another" });
    const round = new Round({ index, neutron: deps.neutron, whole: false });
    scene.meddle(({ searchParams }) => searchParams.has("id"));
    let failures = 0;
    while (failures < 3) await round.slice(deps, term).catch(() => failures++);
    scene.meddle(null);
    await goRound(scene, round);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("round: a list of networks that is empty is not believed, which is told once, at the end", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    scene.meddle(({ pathname }) => {
      const isList = pathname.endsWith("/networks");
      return Promise.resolve(isList ? Response.json({ networks: [] }) : undefined);
    });
    const round = new Round({ index, neutron: scene.deps.neutron, whole: false });
    const runs = await goRound(scene, round);
    const told = runs.map(({ guards }) => guards.map(({ collection, why }) => [collection, why]));
    assertEquals(told.pop(), [["networks", "empty"]]);
    assertEquals(told.flat(), []);
    scene.meddle(null);
    assertEquals(await scene.differences(), []);
  }));
