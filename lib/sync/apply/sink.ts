/** Where a run's changes go: to etcd (`etcd_sink.ts`), or nowhere. @module */
import type { Change, Stored } from "../model/compare.ts";

/** Takes changes. */
export interface Sink {
  /** What is deleted is of interest too, not only that it is. */
  readonly wantsDeleted?: boolean;
  /** Resolves once there is room for more. */
  add(change: Change, stored: Stored | undefined): Promise<void>;
  /** Resolves when all of them are where they go. */
  flush(): Promise<void>;
  /** Changes whose key was changed by others meanwhile; taking them empties the list. */
  takeConflicts(): Change[];
  /** Changes that etcd does not take for their size; taking them empties the list. */
  takeTooLarge?(): Change[];
  /** What a full etcd said, which takes deletions only; null: it is not full. */
  readonly full?: Error | null;
  /** Changes that a full etcd did not take; taking them empties the list. */
  takeRefused?(): Change[];
}

/** Takes changes and makes none. */
export class NoSink implements Sink {
  readonly wantsDeleted = true;

  add(_change: Change, _stored: Stored | undefined): Promise<void> {
    return Promise.resolve();
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  takeConflicts(): Change[] {
    return [];
  }
}
