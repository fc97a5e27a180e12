/**
 * Ports that an earlier term called faulty (`data_plane_status`) and that are not any more: only a report takes that
 * away, whatever status Neutron shows, so each of them is reported once.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { RateLimitedLog } from "../base/rate_limited.ts";
import type { EndpointStates } from "./endpoint_states.ts";
import type { StatusReporter } from "./reporter.ts";

const PAUSE: Backoff = { firstMs: 5000, maxMs: 300_000, jitter: "equal" };

/** What {@linkcode reportLeftDown} works with. */
export interface LeftDownOptions {
  readonly reporter: Pick<StatusReporter, "leftDown">;
  readonly states: EndpointStates;
  readonly clock: Clock;
  readonly log: RateLimitedLog;
}

/** Lets such ports wait for a report, once Neutron has told which they are; until the signal aborts. */
export async function reportLeftDown(
  { reporter, states, clock, log }: LeftDownOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      for (const port of await reporter.leftDown?.(signal) ?? []) {
        for (const row of states.rowsOf(port)) {
          if (states.status(row) !== "ERROR") states.wait(states.key(row), clock.now(), false);
        }
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.warn("ports that were left in error cannot be read, will be tried again", { error });
      await clock.sleep(backoffMs(PAUSE, failures), signal).catch(() => {});
    }
  }
}
