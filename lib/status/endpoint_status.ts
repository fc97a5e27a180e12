/**
 * The endpoint status watcher: each endpoint's newest state becomes its port's status in Neutron. A
 * migrating port that turns up on its destination is told to Nova.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { endpointName, endpointNamePrefix, resourcePrefixes } from "../calico/keys.ts";
import { remoteClassOf } from "../bus/envelope.ts";
import { calicoNamespace } from "../calico/regions.ts";
import { clip } from "../base/clip.ts";
import type { Config } from "../config/config_types.ts";
import type { Change } from "../etcd/mirror.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import { describeError } from "../base/log.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import type { EventOutcome } from "../openstack/nova.ts";
import { Watchdog } from "../role/heartbeat.ts";
import type { Ports } from "../state/records.ts";
import { EndpointStates } from "./endpoint_states.ts";
import {
  type EndpointId,
  endpointId,
  endpointKeys,
  felixPrefix,
  parsePortStatus,
} from "./felix_status.ts";
import { follow } from "./follow.ts";
import { followMigrations } from "./migrations.ts";
import { type Entry, LIVE, LONG_QUEUE, type Priority, SNAPSHOT } from "./newest_queue.ts";
import { PortDifferences } from "./port_differences.ts";
import { RateLimitedLog } from "../base/rate_limited.ts";
import type { PortUpdate, StatusReporter } from "./reporter.ts";
import { Writers } from "./writers.ts";

const RECENT = 50;
/** What is longer is no name of a host or port. */
const MAX_NAME = 253;
/** Ports in one report: Neutron takes some 30 ms for each, and the answer has to be in time. */
const MAX_BATCH = 100;

/** Tells Nova that a server's port is ready at its migration's target. @throws not now. */
export type NotifyNova = (
  server: string,
  port: string,
  signal: AbortSignal,
) => Promise<EventOutcome>;

/** With the endpoint's key in etcd. */
type QueuedUpdate = PortUpdate & EndpointId & {
  readonly key: string;
  /** When it was seen as it happened, monotonic ms; null: in a snapshot. */
  readonly seenAt: number | null;
};

/** Reports until the term ends. Without `notifyNova`, migrations are not looked up. */
export async function runEndpointStatusWatcher(
  term: Term,
  config: Pick<Config, "region" | "etcd" | "stateDir"> & {
    readonly status: Pick<Config["status"], "portStatusThreads">;
  },
  etcd: Etcd3,
  context: JobContext,
  reporter: StatusReporter,
  notifyNova: NotifyNova | null,
): Promise<void> {
  const { clock, log, store, meter } = context;
  const prefix = felixPrefix(config.region);
  const limited = new RateLimitedLog(log, clock);
  const states = new EndpointStates();
  const recent: Ports["recent"] = [];
  const differences = new PortDifferences(clock);
  const counts = { reported: 0, failed: 0 };
  let problem: string | null = null;
  let longQueue = false;

  const writers = new Writers<QueuedUpdate>({
    count: config.status.portStatusThreads,
    maxBatch: MAX_BATCH,
    clock,
    signal: term.signal,
    gate: reporter.gate,
    groupOf: ({ host }) => host,
    async write(batch, signal) {
      const [host, updates] = [batch[0]!.value.host, batch.map(({ value }) => value)];
      const failed = new Map(await reporter.reportPorts(host, updates, signal));
      if (notifyNova) {
        const told = await tellNova(etcd, config.region, notifyNova, updates, context, signal);
        for (const [port, error] of told) failed.set(port, error);
      }
      return byKey(batch, failed);
    },
    onSuccess({ key, value }) {
      counts.reported++;
      problem = null;
      if (value.seenAt !== null) {
        meter?.add("port_status_delay_seconds", (clock.monotonic() - value.seenAt) / 1000, {});
      }
      differences.accepted(key, value.status, states.get(value.key) !== undefined);
      remember(value, true);
    },
    onFailure({ key, value }, error, retryMs) {
      counts.failed++;
      differences.failed(key, error);
      problem = `port status reports fail (${describeError(error)}): check that Neutron is up`;
      const { host, port } = value;
      const fields = { host, port, error, retryMs };
      limited.warn(
        "port status report failed, will be tried again",
        fields,
        remoteClassOf(error),
      );
      remember(value, false);
    },
  });

  function remember({ host, port, status }: PortUpdate, reported: boolean): void {
    const names = { host: clip(host, MAX_NAME), port: clip(port, MAX_NAME) };
    recent.unshift({ at: clock.now(), ...names, status, reported });
    recent.length = Math.min(recent.length, RECENT);
  }

  function onChange({ key, value, live }: Change): void {
    const id = endpointId(key, prefix)!;
    const status = parsePortStatus(value);
    const update = { ...id, status, key, seenAt: live ? clock.monotonic() : null };
    // A snapshot reports what differs from the last known state.
    const same = !live && value !== null && states.get(key) === status;
    if (value === null) states.delete(key);
    else states.set(key, status);
    if (same || (value === null && isReportedElsewhere(id, key))) return;
    if (status === "ERROR" && value !== null) {
      limited.warn("endpoint is in error: reported as DOWN where Neutron takes no ERROR", { key });
    }
    report(update, live ? LIVE : SNAPSHOT);
  }

  /** Whether that was a left-over of another namespace, as when the region's has been renamed. */
  function isReportedElsewhere(id: EndpointId, key: string): boolean {
    return endpointKeys(prefix, calicoNamespace(config.region), id)
      .some((other) => other !== key && states.get(other) !== undefined);
  }

  function report(update: QueuedUpdate, priority: Priority): void {
    const name = `${update.host}/${update.port}`;
    differences.queued(name, update);
    writers.put(name, update, priority);
  }

  /** What was said while the port was bound elsewhere was lost on Neutron. */
  function onMigrated(destination: EndpointId): void {
    for (const key of endpointKeys(prefix, calicoNamespace(config.region), destination)) {
      const status = states.get(key);
      if (status) report({ ...destination, status, key, seenAt: null }, LIVE);
    }
  }

  async function publish(): Promise<void> {
    const [at, queued] = [clock.now(), writers.length];
    if (!longQueue && queued > LONG_QUEUE) {
      longQueue = true;
      log.warn("many port status reports wait: Neutron takes them too slowly", { queued });
    } else if (longQueue && queued <= LONG_QUEUE / 2) {
      longQueue = false;
      log.info("the queue of port status reports is of normal length again", { queued });
    }
    const differing = differences.total;
    const record = {
      at,
      total: states.size,
      queued,
      differing,
      ...counts,
      byStatus: states.byStatus(),
      recent,
    };
    await store.writePorts(record);
    await differences.publish(config.stateDir).catch((error) =>
      limited.warn("the list of ports that differ cannot be written for the page", { error })
    );
  }

  const wants = (key: string) => endpointId(key, prefix) !== null;
  const watchdog = new Watchdog("the watch of live migrations", clock);
  const migrations = followMigrations(term, {
    clock,
    region: config.region,
    etcd: config.etcd,
    watchdog,
    onEnd: onMigrated,
  });
  try {
    await follow(term, etcd, context, {
      prefix,
      wants,
      onChange,
      callTimeoutMs: config.etcd.callTimeoutMs,
      loops: [writers, watchdog],
      problem: () => reporter.trouble ?? problem,
      publish,
    });
    await migrations;
  } finally {
    await writers.join();
  }
}

/** Errors by port as errors by the queue's key. */
function byKey(
  batch: readonly Entry<QueuedUpdate>[],
  failed: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const { key, value } of batch) {
    if (failed.has(value.port)) found.set(key, failed.get(value.port));
  }
  return found;
}

/**
 * Tells Nova of those endpoints of one host that are the destination of a live migration and up now.
 * Resolves to errors by port.
 */
async function tellNova(
  etcd: Etcd3,
  region: string | null,
  notifyNova: NotifyNova,
  updates: readonly QueuedUpdate[],
  { log }: JobContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const failed = new Map<string, unknown>();
  const up = updates.filter(({ status, device }) => status === "ACTIVE" && device !== "");
  if (up.length === 0) return failed;
  const prefix = resourcePrefixes(region).LiveMigration;
  let arriving: Set<string>;
  try {
    // One read for the host, whose migrations are few.
    const { items } = await readSnapshot(etcd, prefix + endpointNamePrefix(up[0]!.host), {
      signal,
    });
    arriving = new Set(items.map(({ key }) => key.slice(prefix.length)));
  } catch (error) {
    return new Map(up.map(({ port }) => [port, error]));
  }
  for (const { host, device, port } of up) {
    if (!arriving.has(endpointName(host, device, port))) continue;
    try {
      const outcome = await notifyNova(device, port, signal);
      if ("taken" in outcome) {
        log.info("Nova is told that a migrating port is ready", { host, port });
      } else {log.warn("Nova does not take that a port is ready", {
          host,
          port,
          why: outcome.refused,
        });}
    } catch (error) {
      failed.set(port, error);
    }
  }
  return failed;
}
