/**
 * The endpoint status watcher: each endpoint's newest state becomes its port's status in Neutron. A
 * migrating port that turns up on its destination is told to Nova.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { endpointName, resourcePrefixes } from "../calico/keys.ts";
import type { Config } from "../config_types.ts";
import type { Change } from "../etcd/mirror.ts";
import { describeError } from "../log.ts";
import type { JobContext, Term } from "../master_context.ts";
import type { Ports } from "../state_records.ts";
import { type EndpointId, endpointId, felixPrefix, parsePortStatus } from "./felix_status.ts";
import { follow } from "./follow.ts";
import { LIVE, SNAPSHOT } from "./newest_queue.ts";
import type { PortUpdate, StatusReporter } from "./reporter.ts";
import { Writers } from "./writers.ts";

const RECENT = 50;
const WARN_INTERVAL_MS = 10_000;

/** Tells Nova that a server's port is ready at its migration's target. */
export type NotifyNova = (server: string, port: string, signal: AbortSignal) => Promise<void>;

/** Reports until the term ends. */
export async function runEndpointStatusWatcher(
  term: Term,
  config: Config,
  etcd: Etcd3,
  context: JobContext,
  reporter: StatusReporter,
  notifyNova: NotifyNova,
): Promise<void> {
  const { clock, log, store } = context;
  const prefix = felixPrefix(config.region);
  const migrations = resourcePrefixes(config.region).LiveMigration;
  const states = new Map<string, PortUpdate>();
  const recent: Ports["recent"] = [];
  const counts = { reported: 0, failed: 0 };
  let problem: string | null = null;
  let warnedAt = -Infinity;

  /** Whether the endpoint is the destination of a live migration, and Nova waits for it. */
  async function tellNova(update: QueuedUpdate, signal: AbortSignal): Promise<void> {
    const { host, port, device, status } = update;
    if (status !== "ACTIVE" || device === "") return;
    const migration = await etcd.get(migrations + endpointName(host, device, port)).exec();
    signal.throwIfAborted();
    if (migration.kvs.length === 0) return;
    await notifyNova(device, port, signal);
    log.info("Nova is told that a migrating port is ready", { host, port });
  }

  const writers = new Writers<QueuedUpdate>({
    count: config.status.portStatusThreads,
    clock,
    signal: term.signal,
    async write(_key, update, signal) {
      await tellNova(update, signal);
      await reporter.reportPort(update, signal);
    },
    onSuccess(_key, update) {
      counts.reported++;
      problem = null;
      remember(update, true);
    },
    onFailure(_key, update, error, retryMs) {
      counts.failed++;
      problem = `port status reports fail (${describeError(error)}): check that Neutron is up`;
      const { host, port } = update;
      log.warn("port status report failed, will be tried again", { host, port, error, retryMs });
      remember(update, false);
    },
  });

  function remember({ host, port, status }: PortUpdate, reported: boolean): void {
    recent.unshift({ at: clock.now(), host, port, status, reported });
    recent.length = Math.min(recent.length, RECENT);
  }

  function onChange({ key, value, live }: Change): void {
    const id = endpointId(key, prefix)!;
    const status = parsePortStatus(value);
    if (status === null) {
      if (clock.now() - warnedAt < WARN_INTERVAL_MS) return;
      warnedAt = clock.now();
      log.warn("endpoint status is unknown, ignored", { key });
      return;
    }
    const update = { ...id, status };
    if (value === null) states.delete(key);
    else states.set(key, update);
    writers.put(`${id.host}/${id.port}`, update, live ? LIVE : SNAPSHOT);
  }

  function publish(): Promise<void> {
    const byStatus: Record<string, number> = {};
    for (const { status } of states.values()) byStatus[status] = (byStatus[status] ?? 0) + 1;
    const at = clock.now();
    const queued = writers.length;
    return store.writePorts({ at, total: states.size, queued, ...counts, byStatus, recent });
  }

  const wants = (key: string) => endpointId(key, prefix) !== null;
  try {
    await follow(term, etcd, context, { prefix, wants, onChange, problem: () => problem, publish });
  } finally {
    await writers.join();
  }
}

type QueuedUpdate = PortUpdate & EndpointId;
