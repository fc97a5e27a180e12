/** What a full resync reads before it compares: what endpoints and policies show of other objects. @module */
import type { SyncRun } from "../apply/sync_run.ts";
import { followedIn, readEach } from "../model/collections.ts";

/** Reads and notes what endpoints and policies show of other objects; groups come page by page with ports. */
export async function readRelated(run: SyncRun, signal: AbortSignal) {
  const { neutron, keystone, clock, progress } = run.deps;
  const onPage = () => progress("reading Neutron");
  run.index.related.unavailable = neutron.extensions.unavailable;
  return await run.timed("WorkloadEndpoint", "neutronReadMs", async () => {
    const [lists, projects] = await Promise.all([
      readEach(
        followedIn(run.index.table).filter((name) =>
          name !== "ports" && name !== "security-groups"
        ),
        (name) => neutron.list(name, run.index.table[name].schema, signal, { onPage }),
      ),
      keystone.listProjects(signal),
    ]);
    run.index.noteAll(lists);
    run.index.projects(projects, clock.monotonic());
    const { refused } = keystone.projects;
    return { ...lists, projects: { items: projects, refused: [...refused] } };
  });
}
