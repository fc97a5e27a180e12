/** Warnings that may come by the thousand: of each kind one per interval, with the number of those left out. @module */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** As often as an outage is reminded of. */
const INTERVAL_MS = 60_000;

/** Limits the warnings of one job. */
export class RateLimitedLog {
  readonly #kinds = new Map<string, { at: number; leftOut: number }>();

  constructor(
    readonly log: Log,
    readonly clock: Clock,
    /** @default a minute */
    readonly intervalMs: number = INTERVAL_MS,
  ) {}

  /** Logs or counts a warning; `kind` tells apart those of one message, such as the class of an error. */
  warn(message: string, fields: Record<string, unknown>, kind = ""): void {
    const now = this.clock.monotonic();
    const name = kind === "" ? message : `${message}: ${kind}`;
    const last = this.#kinds.get(name);
    if (last && now - last.at < this.intervalMs) {
      last.leftOut++;
      return;
    }
    this.#kinds.set(name, { at: now, leftOut: 0 });
    this.log.warn(
      message,
      last && last.leftOut > 0 ? { ...fields, leftOut: last.leftOut } : fields,
    );
  }
}
