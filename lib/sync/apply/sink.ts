/** Where a run's changes go: to etcd (`fenced_write.ts`), or nowhere. @module */
import type { Change, Stored } from "../model/compare.ts";

/** Takes changes. */
export interface Sink {
  /** What is deleted is of interest too, not only that it is. */
  readonly wantsDeleted?: boolean;
  /** Changes whose key was changed by others meanwhile; whoever sees to them empties the list. */
  readonly conflicts: Change[];
  /** Changes that etcd does not take for their size, likewise. */
  readonly tooLarge: Change[];
  /** Changes that a full etcd did not take, likewise. */
  readonly refused: Change[];
  /** What a full etcd said, which takes deletions only; null: it is not full. */
  readonly full: Error | null;
  /** Null: there is room for more, else wait until there is. */
  add(change: Change, stored: Stored | undefined): Promise<void> | null;
  /** Resolves when all of them are where they go. */
  flush(): Promise<void>;
}

/** Takes changes and makes none. */
export class NoSink implements Sink {
  readonly wantsDeleted = true;
  readonly conflicts: Change[] = [];
  readonly tooLarge: Change[] = [];
  readonly refused: Change[] = [];
  readonly full = null;

  add(_change: Change, _stored: Stored | undefined): null {
    return null;
  }
  async flush(): Promise<void> {}
}
