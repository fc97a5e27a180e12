/**
 * The agent status watcher: every Felix update becomes one agent report to Neutron, once per
 * revision; Neutron finds dead agents by its own timeout.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { remoteClassOf } from "../bus/envelope.ts";
import { clip } from "../base/clip.ts";
import type { Config } from "../config/config_types.ts";
import type { Change } from "../etcd/mirror.ts";
import { describeError } from "../base/log.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import type { Agents } from "../state/records.ts";
import { MAX_AGENTS, writeAgentsFile } from "./agents_file.ts";
import { agentHost, type AgentStatus, felixPrefix, parseAgentStatus } from "./felix_status.ts";
import { follow } from "./follow.ts";
import { countFreshness, STALE_AGENT_MS } from "./freshness.ts";
import { Lag } from "./lag.ts";
import { LIVE, SNAPSHOT } from "./newest_queue.ts";
import { RateLimitedLog } from "./rate_limited.ts";
import type { StatusReporter } from "./reporter.ts";
import { Writers } from "./writers.ts";

const FUTURE_MS = 60_000;
/** Reports are casts: only the broker's confirmation is waited for. */
const REPORTS_IN_FLIGHT = 32;
/** What is longer is no name of a host. */
const MAX_NAME = 253;
/** In the KV record; all of them go to the file, this often. */
const SHOWN = 50;
const FILE_INTERVAL_MS = 5000;

interface Agent {
  status: AgentStatus;
  reportedAt: number | null;
  /** An update with `first_update` is not reported yet; a newer one must not hide it. */
  starts: boolean;
}

/** Reports until the term ends. */
export async function runAgentStatusWatcher(
  term: Term,
  config: Pick<Config, "region" | "etcd" | "stateDir">,
  etcd: Etcd3,
  context: JobContext,
  reporter: StatusReporter,
): Promise<void> {
  const { clock, log, store, meter } = context;
  const prefix = felixPrefix(config.region);
  const limited = new RateLimitedLog(log, clock);
  const staleLog = new RateLimitedLog(log, clock, STALE_AGENT_MS);
  const agents = new Map<string, Agent>();
  const lag = new Lag(clock);
  const counts = { reported: 0, failed: 0 };
  let problem: string | null = null;
  let writtenAt = -Infinity;

  const writers = new Writers<string>({
    count: REPORTS_IN_FLIGHT,
    maxBatch: 1,
    clock,
    signal: term.signal,
    gate: reporter.gate,
    groupOf: (host) => host,
    async write([entry], signal) {
      const host = entry!.value;
      const agent = agents.get(host);
      const start = agent?.starts ?? false;
      if (agent) agent.starts = false;
      try {
        await reporter.reportAgent({ host, start }, signal);
      } catch (error) {
        if (agent && start) agent.starts = true;
        throw error;
      }
      return new Map();
    },
    onSuccess({ value: host }) {
      counts.reported++;
      problem = null;
      const agent = agents.get(host);
      if (agent) agent.reportedAt = clock.now();
    },
    onFailure({ value: host }, error, retryMs) {
      counts.failed++;
      problem = `agent reports fail (${describeError(error)}): check that Neutron is up`;
      const fields = { host, error, retryMs };
      limited.warn("agent report failed, will be tried again", fields, remoteClassOf(error));
    },
  });

  function checkTime(key: string, time: number | null, live: boolean): void {
    if (time === null) return limited.warn("agent status has no time that can be read", { key });
    const lagMs = clock.now() - time;
    if (lagMs < -FUTURE_MS) {
      limited.warn("agent status comes from the future: check the clocks", { key });
    }
    if (!live) return; // a snapshot is as old as it is
    lag.add(lagMs);
    meter?.add("agent_status_delay_seconds", Math.max(0, lagMs) / 1000, {});
    if (lagMs <= STALE_AGENT_MS) return;
    const lagSeconds = Math.round(lagMs / 1000);
    staleLog.warn(
      "agent status is old: the watcher is falling behind or the host's clock is wrong",
      {
        key,
        lagSeconds,
      },
    );
  }

  function onChange({ key, value, live }: Change): void {
    const host = agentHost(key, prefix)!;
    if (value === null) {
      agents.delete(host);
      log.info("agent's status is gone", { host });
      return;
    }
    const status = parseAgentStatus(value);
    if (status === null) {
      limited.warn("agent status is not understood, ignored", { key });
      return;
    }
    checkTime(key, status.time, live);
    const before = agents.get(host);
    const starts = status.firstUpdate || (before?.starts ?? false);
    agents.set(host, { status, reportedAt: before?.reportedAt ?? null, starts });
    writers.put(host, host, live ? LIVE : SNAPSHOT);
  }

  async function publish(): Promise<void> {
    const now = clock.now();
    const age = ({ status }: Agent) => status.time ?? -Infinity;
    const sorted = [...agents].sort(([, a], [, b]) => age(a) - age(b));
    const shown = (max: number) =>
      sorted.slice(0, max).map(([host, { status, reportedAt }]) => {
        const { time, uptimeSeconds } = status;
        return { host: clip(host, MAX_NAME), time, uptimeSeconds, reportedAt };
      });
    const record: Agents = {
      at: now,
      total: agents.size,
      byFreshness: countFreshness(sorted.map(([, { status }]) => status), now),
      ...counts,
      ...lag.summary(),
      agents: shown(SHOWN),
    };
    await store.writeAgents(record);
    if (clock.monotonic() - writtenAt < FILE_INTERVAL_MS) return;
    writtenAt = clock.monotonic();
    const file = { at: now, total: sorted.length, agents: shown(MAX_AGENTS) };
    await writeAgentsFile(config.stateDir, file).catch((error) =>
      limited.warn("the list of agents cannot be written for the page", { error })
    );
  }

  const wants = (key: string) => agentHost(key, prefix) !== null;
  try {
    await follow(term, etcd, context, {
      prefix,
      wants,
      onChange,
      callTimeoutMs: config.etcd.callTimeoutMs,
      loops: [writers],
      problem: () => reporter.trouble ?? problem,
      publish,
    });
  } finally {
    await writers.join();
  }
}
