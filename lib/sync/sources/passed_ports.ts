/** What a walk through all ports shows of each, for whoever compares it with what Felix says. @module */
import { FAULT_FIELDS, type PortSeen, portSeen } from "../../openstack/records.ts";
import type { ResyncDeps } from "../apply/sync_run.ts";

/** Passes on the ports of one walk, in whichever way its pages come. */
export class PassedPorts {
  /** What it wants to see besides, where Neutron has it. */
  readonly fields = FAULT_FIELDS;
  readonly #deps: Pick<ResyncDeps, "onPorts" | "onPortsEnd">;
  readonly #startedAt: number;
  /** By when their page was asked for: those of pages that come later may be among them. */
  #seen = new Map<number, PortSeen[]>();

  constructor(deps: Pick<ResyncDeps, "onPorts" | "onPortsEnd" | "clock">) {
    this.#deps = deps;
    this.#startedAt = deps.clock.now();
  }

  /** Notes a record as it came; one that does not say where the port is bound, and how it is, tells nothing. */
  note(record: unknown, askedAt: number): void {
    if (!this.#deps.onPorts) return;
    const port = portSeen(record);
    if (!port) return;
    const seen = this.#seen.get(askedAt);
    if (seen) seen.push(port);
    else this.#seen.set(askedAt, [port]);
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
    const all = this.#seen;
    this.#seen = new Map();
    for (const [askedAt, seen] of all) this.#deps.onPorts?.(seen, askedAt);
  }
}
