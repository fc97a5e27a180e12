/** A sink without etcd behind it; whoever only compares loads no client of etcd for it. @module */
import type { Change, Stored } from "../model/compare.ts";
import type { Sink } from "./sink.ts";

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
