/**
 * What an operator's signals ask of a node: the first one a stop in order, a later one haste. A terminal
 * sends Ctrl-C to the whole process group, so to us and to `deno task`, which passes it on: the same wish
 * arrives twice, and signals of one moment are therefore one.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** A signal this soon after the first one is the first one once more, ms. */
export const SAME_SIGNAL_MS = 1000;

/** The wish to stop, and the wish to hurry; each is said once. */
export class StopRequest {
  readonly #stop = new AbortController();
  readonly #hurry = new AbortController();
  #toldAt = 0;

  constructor(readonly context: { readonly log: Log; readonly clock: Clock }) {}

  /** Stop in order; the reason is what asked for it, for people. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Do not wait for roles that stop slowly. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** Takes a signal that asks for a stop, or whatever else does, such as a terminal that is closed. */
  told(reason: string): void {
    const { log, clock } = this.context;
    const now = clock.monotonic();
    if (!this.stop.aborted) {
      this.#toldAt = now;
      log.info("stopping in order; told once more, it kills the roles that still run", { reason });
      this.#stop.abort(reason);
    } else if (now - this.#toldAt > SAME_SIGNAL_MS && !this.hurry.aborted) {
      const afterMs = Math.round(now - this.#toldAt);
      log.info("told a second time to stop: roles that still run are killed", { reason, afterMs });
      this.#hurry.abort(reason);
    }
  }
}
