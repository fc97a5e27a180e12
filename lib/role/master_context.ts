/**
 * What a master-only job gets from its role: who it is, for how long, and how it says that it lives.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Meter } from "../metrics/meter.ts";
import type { Beat } from "./heartbeat.ts";
import type { StateStore } from "../state/store.ts";

/** One term of mastership, as a job sees it. */
export interface Term {
  /** Create revision of the election key, decimal: with `id` the fence of every write. */
  readonly term: string;
  /** The election key's value, `<name>:<pid>`, as the elector wrote it. */
  readonly id: string;
  /** The election key that is compared. */
  readonly electionKey: string;
  /** Aborted as soon as mastership is lost or the process is to stop. */
  readonly signal: AbortSignal;
  /** Reads without leading: nothing it does may write. */
  readonly observer?: boolean;
}

/** What every job of a role is given. */
export interface JobContext {
  readonly log: Log;
  readonly clock: Clock;
  readonly store: StateStore;
  /**
   * Says "I am alive and making progress" from the loop that does the work; cheap to call often.
   *
   * @param doing a few words
   * @param problem a sentence when the job cannot be done now
   * @param withinMs the loop is back within that time, ms, which is the deadline of what it waits for;
   * to be given when that can be longer than the supervisor waits for a heartbeat (`role_timeout`)
   */
  readonly alive: Beat;
  /** Takes what is measured; without one, nothing is. */
  readonly meter?: Meter;
}
