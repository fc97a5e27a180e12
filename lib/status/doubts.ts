/**
 * Ports of which an earlier report may still arrive at Neutron. The newest one is sent all the same, at once; but
 * it counts only when it was sent after the last of the earlier ones could arrive, so it is sent once more then.
 *
 * @module
 */
import { type PortUpdate, toldStatus } from "./reporter.ts";

interface Doubt {
  /** Calls that may still arrive. */
  readonly calls: Set<string>;
  /** What Neutron has accepted since the last of them was sent. */
  told: "ACTIVE" | "DOWN" | null;
}

/** The doubts of one reporter. */
export class Doubts {
  readonly #doubts = new Map<string, Doubt>();

  /** @param mayArrive whether a call of that id may still reach Neutron */
  constructor(readonly mayArrive: (id: string) => boolean) {}

  /** A call with that update has no known outcome. */
  add(update: PortUpdate, call: string): void {
    const name = nameOf(update);
    const doubt = this.#doubts.get(name) ?? { calls: new Set(), told: null };
    doubt.calls.add(call);
    doubt.told = null;
    this.#doubts.set(name, doubt);
  }

  /** Whether an earlier report may still arrive. */
  has(update: PortUpdate): boolean {
    return this.#find(update) !== undefined;
  }

  /** Whether, in spite of that, Neutron has accepted this status: telling it now would change nothing. */
  isTold(update: PortUpdate): boolean {
    return this.#find(update)?.told === toldStatus(update.status);
  }

  /** Neutron has accepted the status, for now. */
  accepted(update: PortUpdate): void {
    const doubt = this.#find(update);
    if (doubt) doubt.told = toldStatus(update.status);
  }

  #find(update: PortUpdate): Doubt | undefined {
    const name = nameOf(update);
    const doubt = this.#doubts.get(name);
    if (!doubt) return undefined;
    for (const call of doubt.calls) if (!this.mayArrive(call)) doubt.calls.delete(call);
    if (doubt.calls.size > 0) return doubt;
    this.#doubts.delete(name);
    return undefined;
  }
}

/** Neutron ignores what a host says of a port that is bound elsewhere, so each host is by itself. */
function nameOf({ host, port }: PortUpdate): string {
  return `${host}/${port}`;
}
