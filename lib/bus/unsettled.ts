/**
 * Calls of which nobody knows what became: handed over, and not answered in time, or the connection was lost. The
 * end of a connection takes nothing back: what a broker with an alarm has not read yet, it reads when the alarm
 * ends, and passes on, after what was said later over another connection.
 *
 * Such a call is settled by its answer, however late. Without one it is settled some time after the broker has
 * taken messages again: by then it has read what it held, and what it read has expired in Neutron's queue, where
 * a call waits no longer than its caller does.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { BusError } from "./link.ts";

/** The broker has certainly not passed the message on. */
export class UndeliveredError extends BusError {}

/** A call was handed over, and what became of it is not known: `mayArrive` of the connection says how long. */
export class UnsettledError extends BusError {
  constructor(readonly id: string, text: string) {
    super(text);
  }
}

/** The calls of one process. */
export class UnsettledCalls {
  /** Until when each may arrive, monotonic ms; null: the broker has not taken messages since. */
  readonly #until = new Map<string, number | null>();

  /** @param settleMs from the moment when the broker takes messages until nothing older arrives */
  constructor(readonly clock: Pick<Clock, "monotonic">, readonly settleMs: number) {}

  /** A call that may still arrive; `read`: the broker has read it already. */
  add(id: string, read: boolean): void {
    this.#until.set(id, read ? this.clock.monotonic() + this.settleMs : null);
  }

  /** Its answer has come: it arrived. */
  answered(id: string): void {
    this.#until.delete(id);
  }

  /** The broker takes messages: it reads what it still holds. */
  flows(): void {
    const until = this.clock.monotonic() + this.settleMs;
    for (const [id, known] of this.#until) if (known === null) this.#until.set(id, until);
  }

  /** Whether the call may still arrive, or is being worked on. */
  mayArrive(id: string): boolean {
    const until = this.#until.get(id);
    if (until === undefined) return false;
    if (until === null || until > this.clock.monotonic()) return true;
    this.#until.delete(id);
    return false;
  }
}
