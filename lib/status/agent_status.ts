/**
 * The agent status watcher: every Felix update becomes one agent report to Neutron, once per
 * revision; Neutron finds dead agents by its own timeout.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Config } from "../config_types.ts";
import type { Change } from "../etcd/mirror.ts";
import { describeError } from "../log.ts";
import type { JobContext, Term } from "../master_context.ts";
import type { Agents } from "../state_records.ts";
import { agentHost, type AgentStatus, felixPrefix, parseAgentStatus } from "./felix_status.ts";
import { follow } from "./follow.ts";
import { LIVE, SNAPSHOT } from "./newest_queue.ts";
import type { StatusReporter } from "./reporter.ts";
import { Writers } from "./writers.ts";

const STALE_MS = 300_000;
const REPORTS_IN_FLIGHT = 4;
const SHOWN = 300;

/** Reports until the term ends. */
export async function runAgentStatusWatcher(
  term: Term,
  config: Config,
  etcd: Etcd3,
  context: JobContext,
  reporter: StatusReporter,
): Promise<void> {
  const { clock, log, store } = context;
  const prefix = felixPrefix(config.region);
  const agents = new Map<string, { status: AgentStatus; reportedAt: number | null }>();
  const counts = { reported: 0, failed: 0 };
  let problem: string | null = null;
  let staleWarnedAt = -Infinity;
  const writers = new Writers<boolean>({
    count: REPORTS_IN_FLIGHT,
    clock,
    signal: term.signal,
    write: (host, start, signal) => reporter.reportAgent({ host, start }, signal),
    onSuccess(host) {
      counts.reported++;
      problem = null;
      const agent = agents.get(host);
      if (agent) agent.reportedAt = clock.now();
    },
    onFailure(host, _start, error, retryMs) {
      counts.failed++;
      problem = `agent reports fail (${describeError(error)}): check that Neutron is up`;
      log.warn("agent report failed, will be tried again", { host, error, retryMs });
    },
  });

  function onChange({ key, value, live }: Change): void {
    const host = agentHost(key, prefix)!;
    if (value === null) {
      agents.delete(host);
      log.info("agent's status is gone", { host });
      return;
    }
    const status = parseAgentStatus(value);
    if (status === null) {
      log.warn("agent status is not understood, ignored", { key });
      return;
    }
    const lagMs = clock.now() - status.time;
    if (live && lagMs > STALE_MS && clock.now() - staleWarnedAt >= STALE_MS) {
      staleWarnedAt = clock.now();
      log.warn("agent status is old: the watcher is falling behind or the host's clock is wrong", {
        key,
        lagSeconds: Math.round(lagMs / 1000),
      });
    }
    agents.set(host, { status, reportedAt: agents.get(host)?.reportedAt ?? null });
    writers.put(host, status.firstUpdate, live ? LIVE : SNAPSHOT);
  }

  function publish(): Promise<void> {
    const sorted = [...agents].sort(([, a], [, b]) => a.status.time - b.status.time);
    const record: Agents = {
      at: clock.now(),
      total: agents.size,
      ...counts,
      agents: sorted.slice(0, SHOWN).map(([host, { status, reportedAt }]) => ({
        host,
        time: status.time,
        uptimeSeconds: status.uptimeSeconds,
        reportedAt,
      })),
    };
    return store.writeAgents(record);
  }

  const wants = (key: string) => agentHost(key, prefix) !== null;
  try {
    await follow(term, etcd, context, { prefix, wants, onChange, problem: () => problem, publish });
  } finally {
    await writers.join();
  }
}
