/** What a full resync reads before it compares: what endpoints and policies show of other objects. @module */
import { joinAll } from "../../base/join_loops.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { followedIn, readEach } from "../model/collections.ts";

/** Reads and notes what endpoints and policies show of other objects; groups come page by page with ports. */
export async function readRelated(run: SyncRun, signal: AbortSignal) {
  const { neutron, keystone, clock, progress } = run.deps;
  const onPage = () => progress("reading Neutron");
  run.index.related.unavailable = neutron.extensions.unavailable;
  return await run.timed("WorkloadEndpoint", "neutronReadMs", async () => {
    const { table } = run.index;
    const names = followedIn(table).filter((name) =>
      name !== "ports" && name !== "security-groups"
    );
    const [lists, projects] = await joinAll(signal, [
      (signal) =>
        readEach(
          signal,
          names,
          (name, signal) => neutron.list(name, table[name].schema, signal, { onPage }),
        ),
      (signal) => keystone.listProjects(signal),
    ]);
    run.index.noteAll(lists);
    run.index.projects(projects, clock.monotonic());
    const { refused } = keystone.projects;
    return { ...lists, projects: { items: projects, refused: [...refused] } };
  });
}
