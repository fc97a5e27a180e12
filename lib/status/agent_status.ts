/**
 * The agent status watcher: every Felix update becomes one agent report to Neutron, once per
 * revision; Neutron finds dead agents by its own timeout. What waited until Neutron would call the agent dead is
 * not reported any more: the host may have died meanwhile.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { joinLoops } from "../base/join_loops.ts";
import type { Config } from "../config/config_types.ts";
import type { Change } from "../etcd/mirror.ts";
import { Watchdog } from "../role/heartbeat.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { AbsentWatch } from "./absent_watch.ts";
import { Agents } from "./agents.ts";
import { MAX_ABSENT, MAX_AGENTS, writeAgentsFile } from "./agents_file.ts";
import { BlockedBus } from "./blocked_bus.ts";
import { agentHost, felixPrefix, parseAgentStatus } from "./felix_status.ts";
import { follow } from "./follow.ts";
import { LATE_AGENT_MS, STALE_AGENT_MS } from "./freshness.ts";
import { Lag } from "../base/lag.ts";
import { LIVE, SNAPSHOT } from "./newest_queue.ts";
import { RateLimitedLog } from "../base/rate_limited.ts";
import { ReportOutcomes } from "./report_outcomes.ts";
import type { StatusReporter } from "./reporter.ts";
import { WorkQueue } from "./work_queue.ts";

const FUTURE_MS = 60_000;
/** Reports are casts: only the broker's confirmation is waited for. */
const REPORTS_IN_FLIGHT = 32;
/** In the KV record; all of them go to the file, this often. */
const SHOWN = 50;
const FILE_INTERVAL_MS = 5000;

/** What the watcher works with. */
export interface AgentStatusOptions {
  readonly config: Pick<Config, "region" | "etcd" | "stateDir">;
  readonly etcd: Etcd3;
  readonly context: JobContext;
  readonly reporter: StatusReporter;
}

/** Reports agents for one term. */
export class AgentStatusWatcher {
  readonly #options: AgentStatusOptions;
  readonly #prefix: string;
  readonly #limited: RateLimitedLog;
  readonly #staleLog: RateLimitedLog;
  readonly #agents = new Agents();
  readonly #absent: AbsentWatch;
  readonly #lag: Lag;
  readonly #outcomes: ReportOutcomes;
  /** Ends what goes on beside a loop that has failed. */
  readonly #stop = new AbortController();
  readonly #term: Term;
  readonly #queue: WorkQueue<string>;
  readonly #blocked: BlockedBus;
  /** Reports that were not sent, since what Felix had said was too old. */
  #dropped = 0;
  #writtenAt = -Infinity;

  constructor(term: Term, options: AgentStatusOptions) {
    const { config, context: { clock, log }, reporter } = options;
    this.#options = options;
    this.#prefix = felixPrefix(config.region);
    this.#limited = new RateLimitedLog(log, clock);
    this.#staleLog = new RateLimitedLog(log, clock, STALE_AGENT_MS);
    this.#lag = new Lag(clock);
    this.#blocked = new BlockedBus(reporter, options.context);
    this.#outcomes = new ReportOutcomes("agent", this.#limited);
    this.#term = { ...term, signal: AbortSignal.any([term.signal, this.#stop.signal]) };
    this.#absent = new AbsentWatch(this.#term, options);
    this.#queue = new WorkQueue<string>({
      workers: REPORTS_IN_FLIGHT,
      maxBatch: 1,
      clock,
      signal: this.#term.signal,
      gate: reporter.gate,
      groupOf: (host) => host,
      write: ([entry], signal) => this.#report(entry!.value, signal),
      onSuccess: () => {}, // not all that is no failure was sent
      onFailure: ({ value: host }, error, retryMs) =>
        this.#outcomes.failed({ host }, error, retryMs),
    });
  }

  /** Reports until the term ends. */
  async run(): Promise<void> {
    const { config, etcd, context } = this.#options;
    const watchdog = new Watchdog("the watch of live migrations", context.clock);
    const watch = follow(this.#term, etcd, context, {
      prefix: this.#prefix,
      wants: (key) => agentHost(key, this.#prefix) !== null,
      onChange: (change) => this.#onChange(change),
      onSight: (trouble) => this.#absent.sight(trouble),
      callTimeoutMs: config.etcd.callTimeoutMs,
      loops: [this.#queue, watchdog],
      problem: () => this.#blocked.problem(this.#outcomes.problem),
      publish: () => this.#publish(),
    });
    try {
      const beside = [this.#absent.run(), this.#absent.followMigrations(watchdog)];
      await joinLoops([watch, ...beside], this.#stop);
    } finally {
      await this.#queue.join();
    }
  }

  #onChange({ key, value, live }: Change): void {
    const host = agentHost(key, this.#prefix)!;
    this.#absent.changed(host, value !== null, live);
    if (value === null) {
      this.#agents.gone(host);
      this.#options.context.log.info("agent's status is gone", { host });
      return;
    }
    const status = parseAgentStatus(value);
    if (status === null) {
      this.#limited.warn("agent status is not understood, ignored", { key });
      return;
    }
    this.#checkTime(key, status.time, live);
    const { clock } = this.#options.context;
    this.#agents.seen(host, status, { live, now: clock.now(), monotonic: clock.monotonic() });
    this.#queue.put(host, host, live ? LIVE : SNAPSHOT);
  }

  #checkTime(key: string, time: number | null, live: boolean): void {
    if (time === null) {
      return this.#limited.warn("agent status has no time that can be read", { key });
    }
    const { clock, meter } = this.#options.context;
    const lagMs = clock.now() - time;
    if (lagMs < -FUTURE_MS) {
      this.#limited.warn("agent status comes from the future: check the clocks", { key });
    }
    if (!live) return; // a snapshot is as old as it is
    this.#lag.add(lagMs);
    meter?.add("agent_status_delay_seconds", Math.max(0, lagMs) / 1000, {});
    if (lagMs <= STALE_AGENT_MS) return;
    this.#staleLog.warn(
      "agent status is old: the watcher is falling behind or the host's clock is wrong",
      { key, lagSeconds: Math.round(lagMs / 1000) },
    );
  }

  /** Reports what Felix says now; a host that may have died since it wrote that is not called alive. */
  async #report(host: string, signal: AbortSignal): Promise<ReadonlyMap<string, unknown>> {
    const { reporter, context: { clock } } = this.#options;
    const ageMs = this.#agents.ageOf(host, clock.monotonic());
    if (ageMs > LATE_AGENT_MS) {
      this.#dropped++;
      const seconds = Number.isFinite(ageMs) ? { ageSeconds: Math.round(ageMs / 1000) } : {};
      this.#limited.info("agent status is too old, or gone: not reported", { host, ...seconds });
      return new Map();
    }
    const start = this.#agents.takeStart(host);
    try {
      await reporter.reportAgent({ host, start, ageMs }, signal);
    } catch (error) {
      if (start) this.#agents.returnStart(host);
      throw error;
    }
    this.#outcomes.succeeded();
    this.#agents.reported(host, clock.now());
    return new Map();
  }

  async #publish(): Promise<void> {
    const { clock, store } = this.#options.context;
    const at = clock.now();
    const total = this.#agents.size;
    const fileDue = clock.monotonic() - this.#writtenAt >= FILE_INTERVAL_MS;
    const { seenSince, seenAt } = this.#absent;
    const found = this.#absent.find();
    const agents = this.#agents.stalest(fileDue ? MAX_AGENTS : SHOWN, found?.endpoints);
    await store.writeAgents({
      at,
      total,
      // While nothing is seen, nobody's status grows old.
      byFreshness: this.#agents.byFreshness(seenAt),
      ...this.#outcomes.counts,
      dropped: this.#dropped,
      blocked: this.#blocked.look(),
      ...this.#lag.summary(),
      seenSince,
      absent: found?.absent,
      agents: agents.slice(0, SHOWN),
    });
    if (!fileDue) return;
    this.#writtenAt = clock.monotonic();
    const file = {
      at,
      total,
      absent: found?.hosts.length,
      stranded: found?.absent.stranded,
      agents: [...found?.hosts.slice(0, MAX_ABSENT) ?? [], ...agents],
    };
    await writeAgentsFile(this.#options.config.stateDir, file).catch((error) =>
      this.#limited.warn("the list of agents cannot be written for the page", { error })
    );
  }
}
