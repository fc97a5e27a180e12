import { addVmPort } from "../../../lab/seed.ts";
import type { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { FencedWriter } from "../../../lib/etcd/fenced_write.ts";
import { SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { applyChanges, noChanges } from "../../../lib/sync/sources/changes.ts";
import { fullResync } from "../../../lib/sync/sources/full.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import type { Change } from "../../../lib/sync/model/compare.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { type Scene, withCloud } from "../scene.ts";

/** A sink of etcd's from which a write of that sort never gets through. */
class Breaking extends FencedWriter<Change> {
  #isBroken = false;

  constructor({ deps, term }: Scene, readonly breaks: (change: Change) => boolean) {
    super(deps.etcd, term);
  }
  override async add(change: Change): Promise<void> {
    if (this.breaks(change)) this.#isBroken = true;
    else await super.add(change);
  }
  override flush(): Promise<void> {
    return this.#isBroken ? Promise.reject(new Error("etcd does not answer")) : super.flush();
  }
}

/** Does with a run in which such a write never gets through, and which fails by it. */
async function failAt(
  scene: Scene,
  index: CloudIndex,
  breaks: (change: Change) => boolean,
  act: (run: SyncRun) => Promise<unknown>,
): Promise<void> {
  const run = new SyncRun(scene.deps, scene.term, index, { sink: new Breaking(scene, breaks) });
  const error = await act(run).then(() => null, (e) => e);
  assertMatch(String(error), /etcd does not answer/);
}

Deno.test("a deletion that does not land is made up for by the next incremental resync", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const [moved, gone] = scene.cloud.vmPorts().filter((port) => port["binding:host_id"]);
    const host = scene.cloud.hosts.find((host) => host !== moved!["binding:host_id"]);
    scene.cloud.change("ports", moved!.id, { "binding:host_id": host });
    scene.cloud.remove("ports", gone!.id);
    const isDeletion = ({ action }: Change) => action === "delete";
    await failAt(scene, index, isDeletion, incrementalResync);
    await incrementalResync(scene.run(index));
    assertEquals((await scene.differences()).map(({ action, key }) => `${action} ${key}`), []);
  }));

Deno.test("the policy of a group that was come upon is written, though the first try has failed", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const { cloud, random } = scene;
    const port = addVmPort(cloud, random, 5000);
    const group = { ...cloud.list("security_groups")[0]!, id: crypto.randomUUID(), name: "new" };
    cloud.add("security_groups", group);
    cloud.change("ports", port.id, { security_groups: [group.id] });
    const changed = noChanges();
    changed.ports.add(port.id);
    const isPolicy = ({ kind }: Change) => kind === "NetworkPolicy";
    await failAt(scene, index, isPolicy, (run) => applyChanges(run, changed));
    await applyChanges(scene.run(index), changed);
    assertEquals((await scene.differences()).map(({ action, key }) => `${action} ${key}`), []);
  }));

Deno.test("a term that ends while Neutron is asked writes nothing more", () =>
  withCloud(async ({ etcd, deps, term, meddle }) => {
    const end = new AbortController();
    const reason = new Error("another node leads");
    meddle((url) => {
      if (url.pathname.endsWith("/ports")) end.abort(reason);
    });
    const ending = { ...term, signal: end.signal };
    assertEquals(await fullResync(deps, ending).then(() => null, (e) => e), reason);
    assertEquals(await etcd.getAll().prefix("/calico/").keys(), []);
  }));
