import { systemClock } from "../../../lib/base/clock.ts";
import { Projects } from "../../../lib/openstack/projects.ts";
import type { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { emptyScope } from "../../../lib/sync/index/backlog.ts";
import { reconcile } from "../../../lib/sync/sources/named.ts";
import { fullResync } from "../../../lib/sync/sources/full.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type Scene, WEP, withCloud } from "../scene.ts";

const NAME = "projectcalico.org/openstack-project-name";

/** The scene with a clock that can be put forward, and a count of the lists that Keystone is asked for. */
function withCount(scene: Scene) {
  let aheadMs = 0;
  let lists = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs };
  Object.setPrototypeOf(clock, systemClock);
  const { keystone } = scene.deps;
  const list = keystone.listProjects.bind(keystone);
  keystone.listProjects = (signal) => (lists++, list(signal));
  const deps = { ...scene.deps, clock };
  return {
    deps,
    run: (index: CloudIndex) => new SyncRun(deps, scene.term, index),
    forward: (ms: number) => aheadMs += ms,
    lists: () => lists,
  };
}

/** The projects' names that endpoints show, by port. */
async function names({ etcd, cloud }: Scene, port: string): Promise<unknown> {
  const keys = await etcd.getAll().prefix(WEP).strings();
  const found = Object.entries(keys).find(([key]) => key.includes(port.replaceAll("-", "--")));
  assert(found && cloud, `an endpoint of ${port}`);
  return JSON.parse(found[1]).metadata.labels[NAME];
}

Deno.test("projects are read again for one that is not known, at most once a minute", () =>
  withCloud(async (scene) => {
    const { deps, run, forward, lists } = withCount(scene);
    const { index } = await fullResync(deps, scene.term);
    assertEquals(lists(), 1);
    const port = scene.cloud.list("ports").find((port) => port["binding:vif_type"] === "tap")!;
    const look = async () => {
      const scope = emptyScope();
      scope.ports.add(port.id);
      await reconcile(run(index), scope);
    };
    await look();
    forward(120_000);
    await look();
    assertEquals(lists(), 1, "its project is known");

    scene.cloud.projects.push({
      id: "new",
      name: "brand-new",
      parent_id: "default",
      domain_id: "default",
    });
    scene.cloud.change("ports", port.id, { project_id: "new" });
    await look();
    assertEquals([lists(), await names(scene, port.id)], [2, "brand-new"]);

    scene.cloud.change("ports", port.id, { project_id: "unknown" });
    for (let i = 0; i < 5; i++) await look();
    for (let i = 0; i < 5; i++) await incrementalResync(run(index));
    assertEquals(lists(), 2, "less than a minute ago");
    forward(61_000);
    for (let i = 0; i < 5; i++) await look();
    assertEquals([lists(), await names(scene, port.id)], [3, undefined]);
  }));

Deno.test("a renamed project is found by an incremental resync within a minute", () =>
  withCloud(async (scene) => {
    const { deps, run, forward, lists } = withCount(scene);
    const { index } = await fullResync(deps, scene.term);
    for (const project of scene.cloud.projects) project.name = `other-${project.id.slice(0, 4)}`;
    await incrementalResync(run(index));
    assertEquals(lists(), 1);
    forward(61_000);
    await incrementalResync(run(index));
    assertEquals(lists(), 2);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("projects that Keystone's list leaves out are asked for one by one, by a full resync too", () =>
  withCloud(async (scene) => {
    await scene.resync();
    const all = scene.cloud.projects;
    const asked: string[] = [];
    const projects = new Projects((path) => {
      asked.push(path);
      if (path === "/projects") {
        return Promise.resolve({ projects: all.slice(0, 1), truncated: true });
      }
      return Promise.resolve({ project: all.find(({ id }) => path.endsWith(id)) });
    });
    const { keystone } = scene.deps;
    Object.defineProperty(keystone, "projects", { value: projects });
    keystone.listProjects = (signal) => projects.list(signal);
    const { kinds } = await fullResync(scene.deps, scene.term);
    assert(kinds.WorkloadEndpoint.correct > 5);
    assertEquals(kinds.WorkloadEndpoint.updated, 0, "every endpoint shows the same names");
    const single = asked.filter((path) => path !== "/projects");
    assertEquals(single.length, new Set(single).size, "each once");
    const before = asked.length;
    const again = await fullResync(scene.deps, scene.term);
    assertEquals([asked.length, again.kinds.WorkloadEndpoint.updated], [before + 1, 0]);
  }));
