/** How reporting goes: what was reported and what failed, counted, and what is wrong with it now. @module */
import { describeError } from "../base/log.ts";
import { remoteClassOf } from "../bus/envelope.ts";
import type { RateLimitedLog } from "../base/rate_limited.ts";

/** Of one sort of reports. */
export class ReportOutcomes {
  #reported = 0;
  #failed = 0;
  #problem: string | null = null;

  /** @param what is reported, such as `agent`; failures are told to `log` */
  constructor(readonly what: string, readonly log: Pick<RateLimitedLog, "warn">) {}

  get counts(): { reported: number; failed: number } {
    return { reported: this.#reported, failed: this.#failed };
  }

  /** Why the newest report failed; null once one has succeeded since. */
  get problem(): string | null {
    return this.#problem;
  }

  /** A report was taken. */
  succeeded(): void {
    this.#reported++;
    this.#problem = null;
  }

  /** A report failed and is tried again after `retryMs`; `subject` says what it was about. */
  failed(subject: Record<string, unknown>, error: unknown, retryMs: number): void {
    this.#failed++;
    this.#problem = `${this.what} reports fail (${describeError(error)}): check that Neutron is up`;
    const fields = { ...subject, error, retryMs };
    this.log.warn(`${this.what} report failed, will be tried again`, fields, remoteClassOf(error));
  }
}
