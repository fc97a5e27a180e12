/** Incremental runs of a term, each with its account. @module */
import type { JobContext, Term } from "../role/master_context.ts";
import { type ResyncResult, SyncRun } from "./apply/sync_run.ts";
import type { CloudIndex } from "./index/cloud_index.ts";
import { runPartial } from "./report/partial.ts";
import { totals } from "./report/record.ts";
import type { RunSetup } from "./run_setup.ts";
import { incrementalResync } from "./sources/incremental.ts";

/** Runs them. */
export class IncrementalRuns {
  /** Guards of the last one, as JSON. */
  #heldBefore = "[]";

  constructor(
    readonly setup: RunSetup,
    readonly term: Term,
    readonly context: JobContext,
    /** Hears what each has come to. */
    readonly ended: (result: ResyncResult) => void,
  ) {}

  /** Does one with that index; resolves to how many objects it has changed in etcd. @throws as a run does. */
  async run(index: CloudIndex): Promise<number> {
    const { setup, term, context } = this;
    const noted = setup.noted("incremental");
    const run = new SyncRun(setup.deps(noted), term, index);
    let changes = 0;
    await runPartial(context, term, noted, async () => {
      const count = await setup.measured(() => incrementalResync(run));
      const result = run.result();
      this.ended(result);
      // A guard that goes on holding the same is no news every few seconds.
      const guards = JSON.stringify(run.guards);
      const held = run.guards.length > 0 && guards !== this.#heldBefore;
      this.#heldBefore = guards;
      const { created, updated, deleted } = totals(result);
      changes = created! + updated! + deleted!;
      return { result, tells: count > 0 || held };
    });
    return changes;
  }
}
