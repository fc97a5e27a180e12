/** Tells the node how large etcd's databases are, for its page and metrics, and logs alarms. @module */
import type { Etcd3 } from "etcd3";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { StateStore } from "../state/store.ts";
import { type MetricsConfig, readDatabase } from "./database.ts";
import { alarmAdvice, describeDatabase } from "./database_size.ts";
import { membersOf } from "./members.ts";

const INTERVAL_MS = 60_000;
/** Time that a member has to answer, ms. */
const ASK_MS = 5000;
const MAX_MEMBERS = 20;

/** What it needs. */
export interface PublishContext {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reads and publishes every minute until the signal aborts. */
export async function publishDatabases(
  etcd: Etcd3,
  config: MetricsConfig,
  { store, clock, log }: PublishContext,
  signal: AbortSignal,
): Promise<void> {
  let alarmed = "";
  while (!signal.aborted) {
    const asked = membersOf(etcd).all.slice(0, MAX_MEMBERS);
    const members = await Promise.all(asked.map((member) => readDatabase(member, config, ASK_MS)));
    const known = members.filter(({ problem }) => problem === null);
    const raised = [...new Set(known.flatMap(({ alarms }) => alarms))];
    const alarms = raised.join(", ");
    if (known.length > 0 && alarms !== alarmed) {
      const sizes = known.map((database) => `${database.url} ${describeDatabase(database)}`);
      if (alarms === "") log.info("etcd's alarm is disarmed", { alarms: alarmed });
      else log.error("etcd has raised an alarm", { alarms, sizes, advice: alarmAdvice(raised) });
      alarmed = alarms;
    }
    await store.writeDatabases({ at: clock.now(), members }).catch((error) => {
      log.warn("the sizes of etcd's databases could not be written", { error });
    });
    await clock.sleep(INTERVAL_MS, signal).catch(() => {});
  }
}
