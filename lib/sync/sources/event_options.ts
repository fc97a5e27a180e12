/** What the handling of Neutron's notifications is given. @module */
import type { JobContext, Term } from "../../role/master_context.ts";
import type { ResyncDeps, ResyncResult } from "../apply/sync_run.ts";
import type { CloudIndex } from "../index/cloud_index.ts";

/** What `EventSync` needs. */
export interface EventSyncOptions {
  readonly base: Omit<ResyncDeps, "progress">;
  readonly term: Term;
  readonly context: Pick<JobContext, "clock" | "log">;
  /** Where what was changed is kept for traces. */
  readonly stateDir: string;
  /** That of the last full resync; null: there is none yet, and events go by etcd's keys alone. */
  index(): CloudIndex | null;
  /** Asks for an incremental resync at once. */
  compare(why: string): void;
  /** Hears that {@linkcode EventSync.hearing} may be another. */
  onHearing?(): void;
  /** Hears of a run that held something back, for the history. */
  held?(result: ResyncResult): Promise<void>;
}

/** What notifications are worth: `unsent`, changes have come without any. */
export type Hearing = "heard" | "unheard" | "unsent";

/** What is counted of a term's events, as the record has it. */
export function noEvents() {
  return {
    received: 0,
    ignored: 0,
    passes: 0,
    failures: 0,
    changes: 0,
    subscriptions: 0,
    overflows: 0,
    silent: 0,
  };
}
