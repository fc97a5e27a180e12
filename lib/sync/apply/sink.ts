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
