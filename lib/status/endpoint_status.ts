/**
 * The endpoint status watcher: each endpoint's newest state becomes its port's status in Neutron. A
 * migrating port that turns up on its destination is told to Nova. What a term finds when it begins is compared with
 * what Neutron shows, and only what differs is reported (`comparison.ts`).
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { joinLoops } from "../base/join_loops.ts";
import { calicoNamespace } from "../calico/regions.ts";
import type { Config } from "../config/config_types.ts";
import type { Change } from "../etcd/mirror.ts";
import { Watchdog } from "../role/heartbeat.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { Arrivals, type NotifyNova } from "./arrivals.ts";
import { BlockedBus } from "./blocked_bus.ts";
import { Comparison, type PageSource } from "./comparison.ts";
import { DoubtfulReportError } from "./doubtful_report.ts";
import { EndpointStates } from "./endpoint_states.ts";
import {
  type EndpointId,
  endpointId,
  endpointKeys,
  felixPrefix,
  parsePortStatus,
} from "./felix_status.ts";
import { isFirstWatch } from "./first_watch.ts";
import { follow } from "./follow.ts";
import { LookHints } from "./look_hints.ts";
import { followMigrations } from "./migrations.ts";
import { LongQueueLog } from "./long_queue.ts";
import { type Entry, LIVE, SNAPSHOT } from "./newest_queue.ts";
import { PortBacklog, type QueuedUpdate } from "./port_backlog.ts";
import { PortDifferences } from "./port_differences.ts";
import { PortReports } from "./port_reports.ts";
import { RateLimitedLog } from "../base/rate_limited.ts";
import { RecentReports } from "./recent_reports.ts";
import { ReportOutcomes } from "./report_outcomes.ts";
import type { StatusReporter } from "./reporter.ts";
import { WorkQueue } from "./work_queue.ts";

/** Ports in one report: Neutron takes some 30 ms for each, and the answer has to be in time. */
const MAX_BATCH = 100;
/** What the watcher works with. */
export interface EndpointStatusOptions {
  readonly config: Pick<Config, "region" | "etcd" | "stateDir"> & {
    readonly status: Pick<Config["status"], "portStatusThreads">;
  };
  readonly etcd: Etcd3;
  readonly context: JobContext;
  readonly reporter: StatusReporter;
  /** null: migrations are not looked up. */
  readonly notifyNova: NotifyNova | null;
  /** What Neutron shows of its ports; null: all is reported. @default null */
  readonly pages?: PageSource | null;
}

/** Reports ports for one term. */
export class EndpointStatusWatcher {
  readonly #options: EndpointStatusOptions;
  readonly #prefix: string;
  readonly #limited: RateLimitedLog;
  readonly #states: EndpointStates;
  readonly #differences: PortDifferences;
  readonly #reports: PortReports;
  readonly #outcomes: ReportOutcomes;
  readonly #arrivals: Arrivals | null;
  /** Ends what goes on beside a loop that has failed. */
  readonly #stop = new AbortController();
  readonly #term: Term;
  readonly #queue: WorkQueue<QueuedUpdate>;
  readonly #backlog: PortBacklog;
  readonly #recent: RecentReports;
  readonly #hints: LookHints;
  #comparison: Comparison | null = null;
  readonly #longQueue: LongQueueLog;
  readonly #blocked: BlockedBus;
  /** Whether all that Felix has written is read, and what follows is watched. */
  #seen = false;

  constructor(term: Term, options: EndpointStatusOptions) {
    const { config: { region, status }, etcd, context, reporter, notifyNova } = options;
    const { clock, log } = context;
    this.#options = options;
    this.#states = new EndpointStates(clock.now());
    this.#recent = new RecentReports(clock);
    this.#prefix = felixPrefix(region);
    this.#limited = new RateLimitedLog(log, clock);
    this.#hints = new LookHints(term.term, options.config.stateDir, clock, this.#limited);
    this.#longQueue = new LongQueueLog(log, reporter);
    this.#blocked = new BlockedBus(reporter, context);
    this.#differences = new PortDifferences(clock);
    this.#reports = new PortReports(clock);
    this.#outcomes = new ReportOutcomes("port status", this.#limited);
    this.#arrivals = notifyNova && new Arrivals({ etcd, region, notifyNova, log });
    this.#term = { ...term, signal: AbortSignal.any([term.signal, this.#stop.signal]) };
    this.#queue = new WorkQueue<QueuedUpdate>({
      workers: status.portStatusThreads,
      maxBatch: MAX_BATCH,
      clock,
      signal: this.#term.signal,
      gate: reporter.gate,
      more: (max) => this.#backlog.takeNext(max),
      groupOf: ({ host }) => host,
      write: (batch, signal) => this.#write(batch, signal),
      onSuccess: (entry) => this.#onSuccess(entry),
      onFailure: (entry, error, retryMs) => this.#onFailure(entry, error, retryMs),
    });
    this.#backlog = new PortBacklog({
      clock,
      prefix: this.#prefix,
      states: this.#states,
      differences: this.#differences,
      queue: this.#queue,
    });
  }

  /** Reports until the term ends. */
  async run(): Promise<void> {
    const { config, etcd, context } = this.#options;
    const { signal } = this.#term;
    const comparison = this.#comparison = await this.#compare();
    const watchdog = new Watchdog("the watch of live migrations", context.clock);
    const migrations = followMigrations(this.#term, {
      clock: context.clock,
      region: config.region,
      etcd,
      callTimeoutMs: config.etcd.callTimeoutMs,
      watchdog,
      onEnd: (destination) => this.#onMigrated(destination),
    });
    const watch = follow(this.#term, etcd, context, {
      prefix: this.#prefix,
      wants: (key) => endpointId(key, this.#prefix) !== null,
      onChange: (change) => this.#onChange(change),
      onSight: (trouble) => this.#onSight(trouble),
      callTimeoutMs: config.etcd.callTimeoutMs,
      loops: [this.#queue, watchdog, comparison.watchdog],
      problem: () => this.#blocked.problem(this.#outcomes.problem),
      publish: () => this.#publish(),
    });
    try {
      const beside = [comparison.run(signal), this.#hints.run(signal)];
      await joinLoops([watch, migrations, ...beside], this.#stop);
    } finally {
      await this.#queue.join();
    }
  }

  async #compare(): Promise<Comparison> {
    const { config: { stateDir }, context: { clock }, reporter, pages = null } = this.#options;
    const { term } = this.#term;
    const isFirst = await isFirstWatch(stateDir, term).catch((error) => {
      this.#limited.warn("the beginning of a term cannot be noted", { error });
      return false;
    });
    return new Comparison({
      states: this.#states,
      prefix: this.#prefix,
      term,
      // No other node reports in this term.
      validFrom: isFirst ? 0 : clock.now(),
      clock,
      pages,
      isUnderWay: (host, port) => this.#differences.isUnderWay(`${host}/${port}`),
      noteFault: (port, isFaulty, askedAt) =>
        reporter.noteFault?.(port, isFaulty, askedAt) ?? false,
      onKnownError: (host, port) => this.#differences.known({ host, port, status: "ERROR" }),
      onWaiting: () => this.#queue.wake(),
      onTrouble: (error) =>
        this.#limited.warn("what Neutron says of its ports cannot be read", { error }),
    });
  }

  #onSight(trouble: unknown): void {
    this.#seen = trouble === null;
    if (this.#seen) this.#comparison!.allRead();
  }

  #onChange({ key, value, live, modRevision }: Change): void {
    const id = endpointId(key, this.#prefix)!;
    const status = parsePortStatus(value);
    // A snapshot reports what differs from the last known state.
    const known = !live && value !== null && this.#states.get(key) === status;
    if (value === null) this.#states.delete(key);
    else this.#states.set(key, status, Number(modRevision));
    if (known || (value === null && this.#isReportedElsewhere(id, key))) return;
    const gone = value === null;
    if (status === "ERROR" && !gone) {
      this.#limited.warn("endpoint is in error: reported as DOWN where Neutron takes no ERROR", {
        key,
      });
    }
    // What has changed since this node was elected, nobody has reported.
    const isOld = !live && this.#comparison!.isBeginning &&
      Number(modRevision) < Number(this.#term.term);
    if (isOld && !gone) return this.#states.doubt(key);
    if (live && !gone && !this.#states.isHere(this.#states.row(key))) {
      this.#hints.add(id.port, id.host);
    }
    if (gone) {
      this.#limited.info("endpoint is gone: its port is reported as DOWN at its host", { key });
    }
    const seenAt = live ? this.#options.context.clock.monotonic() : null;
    this.#backlog.put({ ...id, status, gone, key, seenAt }, live ? LIVE : SNAPSHOT);
  }

  /** Whether that was a left-over of another namespace, as when the region's has been renamed. */
  #isReportedElsewhere(id: EndpointId, key: string): boolean {
    return this.#keysOf(id).some((other) => other !== key && this.#states.get(other) !== undefined);
  }

  /** What was said while the port was bound elsewhere was lost on Neutron. */
  #onMigrated(destination: EndpointId): void {
    for (const key of this.#keysOf(destination)) {
      const status = this.#states.get(key);
      if (status) this.#backlog.put({ ...destination, status, key, seenAt: null }, LIVE);
    }
  }

  #keysOf(id: EndpointId): string[] {
    return endpointKeys(this.#prefix, calicoNamespace(this.#options.config.region), id);
  }

  async #write(
    batch: readonly Entry<QueuedUpdate>[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const updates = batch.map(({ value }) => ({ ...value, isUnseen: this.#isUnseen(value.key) }));
    const refused = await this.#options.reporter.reportPorts(updates[0]!.host, updates, signal);
    const untold = await this.#arrivals?.tell(updates, signal) ?? [];
    const failed = new Map([...refused, ...untold]);
    return new Map(
      batch.filter(({ value }) => failed.has(value.port))
        .map(({ key, value }) => [key, failed.get(value.port)]),
    );
  }

  /** Whether no list has shown the port to this watcher. */
  #isUnseen(key: string): boolean {
    return !this.#comparison!.hasSeenAll && !this.#states.isHere(this.#states.row(key));
  }

  #onSuccess({ key, value }: Entry<QueuedUpdate>): void {
    const { clock, meter } = this.#options.context;
    this.#outcomes.succeeded();
    if (value.seenAt !== null) {
      meter?.add("port_status_delay_seconds", (clock.monotonic() - value.seenAt) / 1000, {});
    }
    const lasts = this.#states.get(value.key) !== undefined;
    this.#differences.accepted(key, value.status, lasts);
    this.#comparison!.accepted(value.key);
    this.#reports.note(value);
    this.#recent.add(value, true);
  }

  #onFailure({ key, value }: Entry<QueuedUpdate>, error: unknown, retryMs: number): void {
    if (error instanceof DoubtfulReportError) return; // it waits, and nothing is wrong
    const { host, port } = value;
    this.#outcomes.failed({ host, port }, error, retryMs);
    this.#differences.failed(key, error);
    this.#reports.note(value, error);
    this.#recent.add(value, false);
  }

  async #publish(): Promise<void> {
    const { context: { clock, store }, config } = this.#options;
    const { waiting } = this.#backlog;
    const queued = this.#queue.length + waiting;
    this.#longQueue.judge(queued);
    const { failed: failing, oldest } = this.#differences.counts();
    await store.writePorts({
      at: clock.now(),
      total: this.#states.size,
      seen: this.#seen,
      queued,
      differing: this.#differences.total + waiting,
      failing,
      oldest: earliest(oldest, this.#states.releasedAt),
      comparison: this.#comparison!.record(),
      blocked: this.#blocked.look(),
      ...this.#outcomes.counts,
      byStatus: this.#states.byStatus(),
      recent: this.#recent.list,
    });
    await this.#differences.publish(config.stateDir, waiting).catch((error) =>
      this.#limited.warn("the list of ports that differ cannot be written for the page", { error })
    );
    await this.#reports.publish(config.stateDir).catch((error) =>
      this.#limited.warn("the last reports of ports cannot be written for a trace", { error })
    );
  }
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null ? b : Math.min(a, b ?? a);
}
