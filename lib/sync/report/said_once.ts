/** What Neutron and Keystone do not give us: said once a term, in the log and among the events. @module */
import type { JobContext } from "../../role/master_context.ts";

/** Says each message once. */
export class SaidOnce {
  readonly #said = new Set<string>();

  constructor(readonly context: Pick<JobContext, "log" | "store" | "clock">) {}

  /** Says those that have not been said. */
  async say(messages: readonly string[]): Promise<void> {
    const { log, store, clock } = this.context;
    for (const message of messages.filter((text) => !this.#said.has(text))) {
      this.#said.add(message);
      log.warn(message);
      await store.addEvent("resource-syncer", { at: clock.now(), level: "warn", message });
    }
  }
}
