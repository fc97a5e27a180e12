/**
 * That the broker takes no messages, in the log and in a watcher's record: once when that is seen, and once when it
 * takes them again, with how long it lasted.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { Clock } from "../base/clock.ts";
import { formatDuration } from "../base/format.ts";
import type { Log } from "../base/log.ts";
import type { BusBlocked } from "../state/records.ts";
import type { StatusReporter } from "./reporter.ts";

const MAX_REASON_CHARS = 200;

/** What is known of one reporter's connection. */
export class BlockedBus {
  /** Since when, ms since the epoch; null: it is not, as far as was said. */
  #since: number | null = null;

  constructor(
    readonly reporter: Pick<StatusReporter, "blocked" | "trouble">,
    readonly context: { readonly log: Log; readonly clock: Pick<Clock, "now"> },
  ) {}

  /** Why the role cannot do its job: none while it is blocked, which is a finding of its own; else as `reports` says. */
  problem(reports: string | null): string | null {
    const { blocked, trouble } = this.reporter;
    return blocked !== null ? null : trouble ?? reports;
  }

  /** Whether it is, for the record; to be asked often, and logged when that has changed. */
  look(): BusBlocked | null {
    const { reporter: { blocked, trouble }, context: { log, clock } } = this;
    if (blocked !== null) {
      const reason = clip(blocked.reason, MAX_REASON_CHARS);
      if (this.#since === null) log.warn("RabbitMQ takes no messages: reports wait", { reason });
      this.#since ??= blocked.since;
      return { reason, since: this.#since };
    }
    // A connection that was lost meanwhile says nothing of the alarm; that it is lost is said elsewhere.
    if (this.#since !== null && trouble === null) {
      const lasted = formatDuration(Math.max(0, clock.now() - this.#since));
      log.info("RabbitMQ takes messages again", { lasted });
      this.#since = null;
    }
    return null;
  }
}
