/** The account of a resync: its record in the history, its line in the log, its heartbeats. @module */
import type { Config } from "../../config/config_types.ts";
import { clip } from "../../base/clip.ts";
import { describeError, type Log } from "../../base/log.ts";
import type { JobContext, Term } from "../../role/master_context.ts";
import { MAX_DELAY_MS } from "../../openstack/http.ts";
import type { Beat } from "../../role/heartbeat.ts";
import type { Meter } from "../../metrics/meter.ts";
import type { KindCounts, Resync } from "../../state/records.ts";
import { traced } from "../../base/tracing.ts";
import type { DifferenceLog } from "../apply/difference_log.ts";
import { COUNTED, NOTHING_YET } from "./report.ts";
import { isSlow } from "./slow.ts";
import { guardSentence, leftOutSentence } from "./held_text.ts";
import type { Step } from "../apply/step.ts";
import type { ResyncResult } from "../apply/sync_run.ts";

/** Longest failure in a record. */
const MAX_ERROR_CHARS = 500;
/** On a busy machine an answer is noticed later than it comes, ms. */
const SLACK_MS = 5000;

/**
 * Why a run runs. "startup": the first of a term; "retry": the last full resync failed; "periodic",
 * "incremental": its time has come; "requested": an operator asked for it; "announced": Neutron has told of
 * changes, of which something was held back; "watching": it compares and writes nothing.
 */
export type RunReason =
  | "startup"
  | "retry"
  | "periodic"
  | "incremental"
  | "requested"
  | "announced"
  | "watching";

/** What {@linkcode recorded} notes of a resync. */
export interface RecordedOptions {
  readonly reason: RunReason;
  /** Everything is compared. @default true */
  readonly whole?: boolean;
  /** What the resync's deps were given too. */
  readonly differences: DifferenceLog;
  /** Where differences are kept. */
  readonly stateDir: string;
  /** When it began, if that was before; ms since the epoch. */
  readonly startedAt?: number;
  /** It compares and writes nothing. @default false */
  readonly dryRun?: boolean;
  /** Which try it is. @default 1 */
  readonly attempt?: number;
  /** How the try before it failed. @default null */
  readonly failureBefore?: string | null;
}

/** A step of a run is noted at most so often, ms. */
const STEP_MS = 1000;

/** Runs a resync with its record in the history, which tells its steps, and its line in the log. */
export async function recorded<T extends ResyncResult>(
  context: JobContext,
  term: Term,
  options: RecordedOptions,
  resync: (tell: (step: Step) => void) => Promise<T>,
): Promise<T> {
  const { clock, log, store } = context;
  const { reason, dryRun, startedAt = clock.now() } = options;
  const record = recordOf(options, startedAt);
  await store.writeResync(record);
  const steps = new Steps(record.id, context);
  try {
    const result = await traced("resync", {
      attributes: { "conductor.reason": reason, "conductor.term": term.term },
      startTime: startedAt,
      result: (done) =>
        Object.fromEntries(
          Object.entries(totals(done)).map(([name, n]) => [`conductor.${name}`, n]),
        ),
    }, () => resync((step) => steps.tell(step)));
    const { kinds, warnings, guards, leftOut } = result;
    Object.assign(record, { kinds, warnings, guards, leftOut });
    say(result, term, log);
    log.info(dryRun ? "compared, nothing is written" : "resync done", {
      ms: clock.now() - startedAt,
      reason,
      ...totals(result),
    });
    return result;
  } catch (error) {
    record.error = term.signal.aborted
      ? "mastership ended"
      : describeError(error).slice(0, MAX_ERROR_CHARS);
    // A cause that lasts is no event at every try.
    if (!term.signal.aborted && record.error !== record.failureBefore) {
      const message = `resync failed: ${record.error}`;
      await store.addEvent("resource-syncer", { at: clock.now(), level: "error", message });
    }
    throw error;
  } finally {
    await steps.end();
    await finish(record, context, term, options);
  }
}

/**
 * Notes the steps of a run for whoever follows it: the newest, also when it came right after another and then
 * lasts. What cannot be noted is left out.
 */
class Steps {
  readonly #over = new AbortController();
  #newest: Step | null = null;
  #noted: Step | null = null;
  /** null: nothing is to be noted. */
  #noting: Promise<void> | null = null;

  constructor(readonly id: string, readonly context: Pick<JobContext, "clock" | "store">) {}

  tell(step: Step): void {
    this.#newest = step;
    if (step !== this.#noted) this.#noting ??= this.#note();
  }

  /** Resolves when nothing of the run is written any more. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#noting;
  }

  async #note(): Promise<void> {
    const { clock, store } = this.context;
    const { signal } = this.#over;
    while (this.#newest !== this.#noted && !signal.aborted) {
      const step = this.#noted = this.#newest!;
      await store.writeResyncStep({ id: this.id, step }).catch(() => {});
      await clock.sleep(STEP_MS, signal).catch(() => {});
    }
    this.#noting = null;
  }
}

/** A record of a resync that begins. */
function recordOf(options: RecordedOptions, at: number): Resync {
  const { reason, whole = true, dryRun = false, attempt = 1, failureBefore = null } = options;
  return {
    id: Math.floor(at).toString(36),
    startedAt: at,
    endedAt: null,
    reason,
    whole,
    dryRun,
    attempt,
    failureBefore: failureBefore === null ? null : clip(failureBefore, MAX_ERROR_CHARS),
    error: null,
    ...NOTHING_YET,
  };
}

/** Measures and writes the record of a resync that has ended, with its differences. */
async function finish(
  record: Resync,
  { clock, log, store, meter }: JobContext,
  term: Term,
  { differences, stateDir }: RecordedOptions,
): Promise<void> {
  const endedAt = clock.now();
  if (meter) measure(record, endedAt, term.signal.aborted, meter);
  const newest = await store.readResyncs();
  const older = await store.resyncHistory.older.withDifferences();
  const known = [...newest.map(({ id }) => id), ...older];
  await differences.save(stateDir, record.id, known, { log });
  const ended = { ...record, endedAt };
  await store.writeResync({
    ...ended,
    slow: isSlow(ended, newest),
    differences: differences.total,
    differencesKept: differences.objects.length,
    differencesBytes: differences.bytes,
  });
}

/** What was said in a term: what stays the same for hours is said once. */
const said = new WeakMap<Term, Set<string>>();

/** Names in the log what a resync came upon; each thing once a term, and again when it has changed. */
function say({ warnings, guards, leftOut }: ResyncResult, term: Term, log: Log): void {
  for (const warning of warnings) log.warn("resync", { warning });
  const before = said.get(term) ?? new Set();
  said.set(term, before);
  const once = (warning: string, names: readonly string[]) => {
    const text = JSON.stringify([warning, names]);
    if (!before.has(text)) log.warn("resync", { warning, names });
    before.add(text);
  };
  for (const guard of guards) once(guardSentence(guard), guard.names);
  for (const left of leftOut) once(leftOutSentence(left), left.names);
}

const PHASES = {
  etcd_read: "etcdReadMs",
  neutron_read: "neutronReadMs",
  compare: "compareMs",
  write: "writeMs",
} as const;

function measure(record: Resync, endedAt: number, aborted: boolean, meter: Meter): void {
  const { startedAt, reason, error, kinds, guards } = record;
  const outcome = error === null ? "success" : aborted ? "aborted" : "failure";
  meter.add("resync_duration_seconds", (endedAt - startedAt) / 1000, { reason, outcome });
  for (const { collection, why } of guards) meter.add("resyncs_held_back", 1, { collection, why });
  for (const [kind, counts] of Object.entries(kinds)) {
    for (const [phase, ms] of Object.entries(PHASES)) {
      meter.add("resync_phase_duration_seconds", counts[ms] / 1000, { kind, phase });
    }
  }
}

/** Counts of all kinds together. */
export function totals({ kinds }: ResyncResult): Record<string, number> {
  const sum = (name: keyof KindCounts) =>
    Object.values(kinds).reduce((all, counts) => all + counts[name], 0);
  return Object.fromEntries(COUNTED.map((name) => [name, sum(name)]));
}

/**
 * Says that a run lives, with each step: a page read, a batch written, a request sent, a slice of work
 * done. Until the next one nothing takes longer than the deadline of one call, or the wait before it is
 * made again; what takes longer goes silent, which the supervisor notices.
 */
export class StepBeats {
  problem: string | null = null;
  readonly #withinMs: number;
  #doing = "resync";

  constructor(
    readonly alive: Beat,
    config: {
      readonly openstack: Pick<Config["openstack"], "requestTimeoutMs">;
      readonly etcd: Pick<Config["etcd"], "callTimeoutMs">;
    },
  ) {
    const callMs = Math.max(config.openstack.requestTimeoutMs, config.etcd.callTimeoutMs);
    this.#withinMs = callMs + MAX_DELAY_MS + SLACK_MS;
  }

  /** What is being done; by default the same as before. */
  step(doing: string = this.#doing): void {
    this.#doing = doing;
    this.alive(doing, this.problem, this.#withinMs);
  }
}
