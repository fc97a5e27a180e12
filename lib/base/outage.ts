/**
 * Trouble that lasts, in the log: a line when it begins, one a minute with how long it has lasted, and one when
 * it is over with its whole duration. Failures with equal causes are one, whatever addresses, ports, times and other
 * numbers a library puts into their texts; another cause in the same outage is said once.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { formatDuration } from "./format.ts";
import { describeError, type Fields, type Log } from "./log.ts";

/** One failure. */
export interface Failure {
  readonly message: string;
  readonly fields?: Fields;
  /** `error` when nobody can do the work meanwhile. @default "warn" */
  readonly level?: "warn" | "error";
  /** What failures must have in common to be one. @default the error among the fields, else the message */
  readonly cause?: string;
}

const REMIND_MS = 60_000;
/** Causes that are told apart in one outage. */
const MAX_CAUSES = 5;
/** Of a text that quotes something long, what tells causes apart; it takes time with the square of this. */
const MAX_CAUSE_CHARS = 1000;

interface Running {
  readonly since: number;
  saidAt: number;
  /** The worst so far. */
  level: "warn" | "error";
  /** The newest. */
  failure: Failure;
  readonly causes: Set<string>;
  /** Jobs whose last try failed. */
  readonly jobs: Set<string>;
}

/** Something that the jobs of a process need, and whether it can be had; it is when the last try of each job succeeded. */
export class Outage {
  #running: Running | null = null;

  /** @param over the message of the line that ends an outage */
  constructor(
    readonly over: string,
    readonly context: { readonly log: Log; readonly clock: Clock },
  ) {}

  /** A job could not have it: logged when that begins the outage, makes it worse, has a new cause, or a minute is over. */
  failed(job: string, failure: Failure): void {
    const { message, fields = {}, level = "warn" } = failure;
    const now = this.context.clock.monotonic();
    const cause = causeOf(failure.cause ?? describeError(fields.error ?? message));
    const running = this.#running ??= {
      since: now,
      saidAt: now,
      level,
      failure,
      causes: new Set(),
      jobs: new Set(),
    };
    const worse = level === "error" && running.level === "warn";
    const isNew = !running.causes.has(cause) && running.causes.size < MAX_CAUSES;
    if (isNew) running.causes.add(cause);
    if (worse) running.level = level;
    running.failure = failure;
    running.jobs.add(job);
    if (worse || isNew) this.#say(running, level, now);
    else this.remind();
  }

  /** For a loop that turns more often than it fails: says how long it has lasted when a minute is over. */
  remind(): void {
    const running = this.#running;
    const now = this.context.clock.monotonic();
    if (running && now - running.saidAt >= REMIND_MS) this.#say(running, running.level, now);
  }

  /** A job could have it, or does not need it any more. */
  succeeded(job: string): void {
    const running = this.#running;
    if (!running?.jobs.delete(job) || running.jobs.size > 0) return;
    this.#running = null;
    const lasted = formatDuration(this.context.clock.monotonic() - running.since);
    this.context.log.info(this.over, { lasted });
  }

  #say(running: Running, level: "warn" | "error", now: number): void {
    running.saidAt = now;
    const { message, fields } = running.failure;
    const lastedMs = now - running.since;
    const lasts = lastedMs > 0 ? { lasts: formatDuration(lastedMs) } : {};
    this.context.log[level](message, { ...fields, ...lasts });
  }
}

/** A text without what differs between failures of one cause: addresses, ports, times, numbers. */
export function causeOf(text: string): string {
  return text.slice(0, MAX_CAUSE_CHARS)
    // What grpc-js adds to a call that took too long: where its time went.
    .replaceAll(/(deadline exceeded) after [^()]*/gi, "$1")
    .replaceAll(/\[[\da-f:.%]+\](:\d+)?|[\w.-]+:\d+(?!\d*[:.])/gi, "#")
    .replaceAll(/\b(0x)?[\da-f]{8,}\b|\d+([.:]\d+)*/gi, "#")
    .replaceAll(/#(\s*[,;]?\s*#)+/g, "#");
}
