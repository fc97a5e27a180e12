/** Where a run's changes go: to etcd, or nowhere. @module */
import type { Etcd3 } from "etcd3";
import { FencedWriter } from "../../etcd/fenced_write.ts";
import type { Term } from "../../role/master_context.ts";
import type { Change, Stored } from "../model/compare.ts";
import type { Step } from "./step.ts";

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

/** Writes to etcd, under the fence. */
export class EtcdSink implements Sink {
  readonly #writer: FencedWriter<Change>;

  /** @throws {TypeError} for an observer's term. */
  constructor(
    { etcd, progress }: { readonly etcd: Etcd3; progress(step: Step): void },
    term: Term,
  ) {
    this.#writer = new FencedWriter(etcd, term, () => progress("writing"));
  }
  add(change: Change): Promise<void> {
    return this.#writer.add(change);
  }
  flush(): Promise<void> {
    return this.#writer.flush();
  }
  takeConflicts(): Change[] {
    return this.#writer.conflicts.splice(0);
  }
  takeTooLarge(): Change[] {
    return this.#writer.tooLarge.splice(0);
  }
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
