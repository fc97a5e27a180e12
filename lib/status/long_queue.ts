/** A queue of port status reports that is long, in the log: once, with why, and once that it is no longer. @module */
import type { Log } from "../base/log.ts";
import { LONG_QUEUE } from "./newest_queue.ts";
import type { StatusReporter } from "./reporter.ts";

/** The queue of one watcher. */
export class LongQueueLog {
  #isLong = false;

  constructor(
    readonly log: Pick<Log, "warn" | "info">,
    readonly reporter: Pick<StatusReporter, "trouble" | "blocked">,
  ) {}

  /** So many reports wait now. */
  judge(queued: number): void {
    if (!this.#isLong && queued > LONG_QUEUE) {
      this.#isLong = true;
      const { trouble, blocked } = this.reporter;
      const fields = { queued, trouble: trouble ?? blocked?.reason };
      this.log.warn(`many port status reports wait: ${this.#why()}`, fields);
    } else if (this.#isLong && queued <= LONG_QUEUE / 2) {
      this.#isLong = false;
      this.log.info("the queue of port status reports is of normal length again", { queued });
    }
  }

  #why(): string {
    if (this.reporter.blocked !== null) return "the broker takes no messages";
    return this.reporter.trouble === null ? "Neutron takes them too slowly" : "they cannot be sent";
  }
}
