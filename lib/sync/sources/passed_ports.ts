/** What a walk through all ports shows of each, for whoever compares it with what Felix says. @module */
import { type PortSeen, portSeen } from "../../openstack/records.ts";
import type { ResyncDeps } from "../apply/sync_run.ts";

/** Passes on the ports of one walk. */
export class PassedPorts {
  readonly #deps: Pick<ResyncDeps, "onPorts" | "onPortsEnd">;
  /** Whichever way the pages come, none of them was asked for before. */
  readonly #startedAt: number;
  #seen: PortSeen[] = [];

  constructor(deps: Pick<ResyncDeps, "onPorts" | "onPortsEnd" | "clock">) {
    this.#deps = deps;
    this.#startedAt = deps.clock.now();
  }

  /** Notes a record as it came; one that does not say where the port is bound, and how it is, tells nothing. */
  note(record: unknown): void {
    if (!this.#deps.onPorts) return;
    const seen = portSeen(record);
    if (seen) this.#seen.push(seen);
  }

  /** The same pages; passes on what was noted of each, and tells of their end. */
  async *follow<P>(pages: AsyncGenerator<P>): AsyncGenerator<P> {
    for await (const page of pages) {
      this.#passOn();
      yield page;
    }
    this.#passOn();
    this.#deps.onPortsEnd?.(this.#startedAt);
  }

  #passOn(): void {
    const seen = this.#seen;
    this.#seen = [];
    if (seen.length > 0) this.#deps.onPorts?.(seen, this.#startedAt);
  }
}
