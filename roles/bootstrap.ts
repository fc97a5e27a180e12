/**
 * Starts one role: takes its channel, sets logging up, and ends the process with the right exit
 * code.
 *
 * @module
 */
import { systemClock } from "../lib/base/clock.ts";
import { describeError, type Log, setupLogging } from "../lib/base/log.ts";
import type { JobContext } from "../lib/role/master_context.ts";
import { Meter } from "../lib/metrics/meter.ts";
import { publishMetrics } from "../lib/metrics/publisher.ts";
import type { SettingsOf, SupervisedName } from "../lib/process/roles.ts";
import { Heartbeats } from "../lib/role/heartbeat.ts";
import { sealKeysSchema } from "../lib/state/seal.ts";
import { StateStore } from "../lib/state/store.ts";
import { RateLimitedLog } from "../lib/base/rate_limited.ts";
import { openParentChannel, type ParentChannel } from "../lib/role/parent_channel.ts";
import { write } from "../lib/base/write.ts";

/** What a role's own code receives. */
export interface RoleContext<Name extends SupervisedName> {
  /** Its part of the configuration; see `lib/process/roles.ts`. */
  readonly config: SettingsOf<Name>;
  readonly job: JobContext;
  readonly signal: AbortSignal;
  /** Where the lines go that the supervisor writes after the configuration. */
  listen(listener: (line: string) => void): void;
}

/** What a role may take to stop beyond the supervisor's patience, before it ends itself, ms. */
const LAST_RESORT_MS = 1000;

/** Runs `start` as the role `name` and ends the process: exit code 0 after an orderly stop, else 1. */
export async function runRole<Name extends SupervisedName>(
  name: Name,
  start: (context: RoleContext<Name>) => Promise<void>,
): Promise<void> {
  const channel = await openParentChannel();
  const { seals, ...settings } = channel.input as { readonly seals: unknown };
  const config = settings as SettingsOf<Name>;
  const log = setupLogging({
    role: name,
    pid: Deno.pid,
    level: config.log.level,
    format: "json",
    write: (line) => write(Deno.stdout, line + "\n"),
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("unexpected error", { error: event.reason, stack: event.reason?.stack });
    channel.exit(1);
  });
  endInTime(channel, config.supervision.stopTimeoutMs + LAST_RESORT_MS, log);
  let code = 0;
  try {
    using store = await StateStore.open(config.stateDir, sealKeysSchema.parse(seals));
    const limited = new RateLimitedLog(log, systemClock);
    const { roleTimeoutMs } = config.supervision;
    using beats = new Heartbeats(systemClock, roleTimeoutMs, (sign) => {
      const { rss: rssBytes } = Deno.memoryUsage();
      store.writeAlive(name, { ...sign, pid: Deno.pid, rssBytes }).catch((error) => {
        limited.warn("cannot write the heartbeat", { error });
      });
    });
    const meter = new Meter();
    publishMetrics(meter, systemClock, (instruments) => {
      const record = { at: systemClock.now(), pid: Deno.pid, instruments };
      return store.writeMetrics(name, record).catch((error) => {
        limited.warn("cannot write the metrics", { error });
      });
    }, channel.stop);
    const job: JobContext = { log, clock: systemClock, store, alive: beats.alive, meter };
    await start({ config, job, signal: channel.stop, listen: (to) => channel.listen(to) });
  } catch (error) {
    if (!channel.stop.aborted) {
      log.warn("role failed", { error: describeError(error) });
      code = 1;
    }
  }
  channel.exit(code);
}

/**
 * A role that does not stop when it should is killed by its supervisor; when that is gone, nobody would,
 * so it ends itself. What it holds in etcd is under a lease.
 */
function endInTime({ stop, exit }: ParentChannel, graceMs: number, log: Log): void {
  stop.addEventListener("abort", () => {
    setTimeout(() => {
      log.warn("role does not stop, ends itself", { reason: describeError(stop.reason) });
      exit(1);
    }, graceMs);
  }, { once: true });
}
