/** Messages of the bus that are not understood: counted, and of each kind one line of the log in a while. @module */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { RateLimitedLog } from "../base/rate_limited.ts";
import type { Meter } from "../metrics/meter.ts";

/** Between two lines about one kind, ms. */
const INTERVAL_MS = 3_600_000;

/** What a part of the bus works with. */
export interface BusContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter?: Meter;
}

/** What a message was taken for. */
export type MessageKind = "answer" | "result" | "notification" | "drop";

/** The account of one connection. */
export class NotUnderstood {
  readonly #limited: RateLimitedLog;

  constructor(readonly context: BusContext) {
    this.#limited = new RateLimitedLog(context.log, context.clock, INTERVAL_MS);
  }

  /** Notes one message. */
  note(kind: MessageKind, fields: Record<string, unknown> = {}): void {
    this.context.meter?.add("bus_messages_not_understood", 1, { kind });
    this.#limited.warn("a message of the bus is not understood", { kind, ...fields }, kind);
  }

  /** Runs `take`; what it throws is the message's fault, and ends nothing else. */
  guard(kind: MessageKind, take: () => void): void {
    try {
      take();
    } catch (error) {
      this.note(kind, { error });
    }
  }
}
