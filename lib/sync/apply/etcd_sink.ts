/** A run's changes go to etcd. Apart from other sinks, which processes load that know no etcd. @module */
import type { Etcd3 } from "etcd3";
import { FencedWriter } from "../../etcd/fenced_write.ts";
import type { Term } from "../../role/master_context.ts";
import type { Change } from "../model/compare.ts";
import type { Sink } from "./sink.ts";
import type { Step } from "./step.ts";

/** Writes to etcd, under the fence. */
export class EtcdSink implements Sink {
  readonly #writer: FencedWriter<Change>;

  /** @throws {TypeError} for an observer's term. */
  constructor(
    { etcd, progress }: { readonly etcd: Etcd3; progress(step: Step): void },
    term: Term,
  ) {
    this.#writer = new FencedWriter(etcd, term, () => progress("writing"), true);
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
  get full(): Error | null {
    return this.#writer.full;
  }
  takeRefused(): Change[] {
    return this.#writer.refused.splice(0);
  }
}
