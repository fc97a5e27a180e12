/**
 * Dry runs on a node that does not lead. While it leads, its syncer answers, so this steps aside: a dry run
 * that is going on then is given up.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { Outage } from "../../base/outage.ts";
import { isMaster } from "../../state/is_master.ts";
import type { JobContext } from "../../role/master_context.ts";
import type { ResyncConfig } from "./base.ts";
import { compareAsObserver } from "./compare_only.ts";
import { answerRequest } from "./on_demand.ts";

/** Between looks for a request of which nobody told it, ms: an idle standby costs next to nothing. */
const LOOK_MS = 5000;

/** Answers requests for dry runs while another node leads. */
export class StandbyAnswers {
  /** Aborted while the syncer answers, and at the end. */
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(
    readonly config: ResyncConfig & { readonly stateDir: string },
    readonly etcd: Etcd3,
    readonly context: Pick<JobContext, "store" | "clock" | "log">,
  ) {}

  /** Answers from now on. */
  begin(): void {
    this.#stop = new AbortController();
    this.#running = this.#run(this.#stop.signal);
  }

  /** Steps aside; resolves when nothing is going on any more. */
  async end(): Promise<void> {
    this.#stop.abort(new Error("this node does not stand by any more"));
    await this.#running;
  }

  /** Steps aside while `work` is done. */
  async without(work: () => Promise<void>): Promise<void> {
    await this.end();
    try {
      await work();
    } finally {
      this.begin();
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.context;
    const outage = new Outage("requests for dry runs can be answered again", this.context);
    while (!signal.aborted) {
      const seen = store.changes.count;
      await this.#answer(signal).then(
        () => outage.succeeded("answer"),
        (error) =>
          outage.failed("answer", { message: "a dry run cannot be answered", fields: { error } }),
      );
      await store.changes.after(seen, LOOK_MS, clock, signal);
    }
  }

  async #answer(signal: AbortSignal): Promise<void> {
    const { config, etcd, context: { store, clock, log } } = this;
    const [request, mastership] = await Promise.all([
      store.readResyncRequest(),
      store.readMastership(),
    ]);
    // The syncer of a term that has just begun takes it.
    if (!request || isMaster(mastership, clock) || signal.aborted) return;
    const term = { term: "0", signal, observer: true };
    const context = { store, clock, log, stateDir: config.stateDir, term };
    await answerRequest(
      request,
      context,
      (progress) => compareAsObserver(request, { config, etcd, clock, signal, progress }),
    );
  }
}
