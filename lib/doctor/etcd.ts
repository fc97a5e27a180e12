/**
 * etcd: each endpoint by itself, how full its database is, whether they are one cluster, what our user may do,
 * what time it is there.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config_types.ts";
import { refusalOf } from "../etcd/call_errors.ts";
import { openEtcd } from "../etcd/client.ts";
import { readDatabase } from "../etcd/database.ts";
import { alarmAdvice, describeDatabase, fullShare, NEARLY_FULL } from "../etcd/database_size.ts";
import { membersOf } from "../etcd/members.ts";
import { describeError } from "../base/log.ts";
import { openHttpClient } from "../openstack/http_client.ts";
import type { DatabaseSize } from "../state/records.ts";
import { type Check, failed, ok, once, skipped, type Verdict, warning } from "./check.ts";
import { judgeOffset, readDateHeader } from "./clock_offset.ts";
import { checkRights } from "./etcd_rights.ts";

const OLDEST = [3, 4];
/** etcd's default quota is 2 GiB. */
const LARGE_BYTES = 1.6 * 2 ** 30;
/** Time for a member's size, ms. */
const ASK_MS = 5000;

interface Status {
  readonly version: string;
  readonly leader: string;
  readonly dbSize: string;
  readonly cluster: string;
  readonly database: DatabaseSize;
  readonly tookMs: number;
}

/** The checks of etcd. */
export function etcdChecks(config: Config, clock: Clock): Check[] {
  const statuses = config.etcd.endpoints.map((url) => ({
    url,
    status: once(() => withClient(config, [url], (etcd) => readStatus(etcd, config, clock))),
  }));
  return [
    ...statuses.map(({ url, status }): Check => ({
      name: `etcd ${url}`,
      advice: "is etcd running there, and are --etcd and its TLS files right?",
      run: async () => judgeStatus(await status()),
    })),
    ...statuses.map(({ url, status }): Check => ({
      name: `etcd database ${url}`,
      advice: "look at the endpoint above",
      run: async () => {
        const read = await status().catch(() => null);
        return read === null
          ? skipped("the endpoint does not answer")
          : judgeDatabase(read.database);
      },
    })),
    {
      name: "etcd cluster",
      advice: "look at the endpoints above",
      run: async () => judgeCluster(await Promise.allSettled(statuses.map((s) => s.status()))),
    },
    {
      name: "etcd rights",
      advice: "a quorum of etcd's members has to be up, and etcd_username and etcd_password right",
      run: async () => {
        const asked = await Promise.allSettled(statuses.map(({ status }) => status()));
        const up = config.etcd.endpoints.filter((_, at) => asked[at]!.status === "fulfilled");
        const endpoints = up.length > 0 ? up : config.etcd.endpoints;
        return await withClient(config, endpoints, (etcd) => checkRights(etcd, config));
      },
    },
    ...config.etcd.endpoints.map((url): Check => ({
      name: `clock of etcd ${url}`,
      advice: "look at the endpoint above",
      run: (signal) => checkClock(config, url, clock, signal),
    })),
  ];
}

async function withClient<T>(
  config: Config,
  endpoints: readonly string[],
  act: (etcd: Etcd3) => Promise<T>,
): Promise<T> {
  const etcd = openEtcd({ ...config.etcd, endpoints });
  try {
    return await act(etcd);
  } catch (error) {
    const refusal = refusalOf(error);
    throw refusal === null ? error : new Error(refusal);
  } finally {
    etcd.close();
  }
}

async function readStatus(etcd: Etcd3, config: Config, clock: Clock): Promise<Status> {
  const from = clock.monotonic();
  const { header, version, leader, dbSize } = await etcd.maintenance.status();
  const tookMs = clock.monotonic() - from;
  const database = await readDatabase(membersOf(etcd).all[0]!, config.etcd, ASK_MS);
  return { version, leader, dbSize, cluster: header.cluster_id, database, tookMs };
}

function judgeStatus({ version, leader, dbSize, database, tookMs }: Status): Verdict {
  const megabytes = `${Math.ceil(Number(dbSize) / 2 ** 20)} MiB`;
  const found = `version ${version}, ${megabytes}, answers in ${Math.ceil(tookMs)} ms`;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0]! || (major === OLDEST[0]! && minor < OLDEST[1]!)) {
    return failed(found, `upgrade etcd: ${OLDEST.join(".")} is the oldest that works`);
  }
  if (leader === "0") {
    return failed(`${found}, has no leader`, "it has lost its quorum: start the other members");
  }
  const { alarms } = database;
  if (alarms.length > 0) {
    return failed(
      `${found}, alarm ${alarms.join(", ")}: it takes no writes (${describeDatabase(database)})`,
      alarmAdvice(alarms),
    );
  }
  return ok(found);
}

/** Size, use and quota; an alarm is the endpoint's own finding. */
function judgeDatabase(database: DatabaseSize): Verdict {
  const found = describeDatabase(database);
  const { quotaBytes, sizeBytes } = database;
  if (sizeBytes === null) return skipped(database.problem ?? found);
  const large = quotaBytes === null ? sizeBytes > LARGE_BYTES : fullShare(database)! > NEARLY_FULL;
  if (!large) return ok(found);
  const near = quotaBytes === null ? "near the default quota of 2 GiB" : "near its quota";
  return warning(
    `${found}, ${near}`,
    "defragment it (etcd_defrag); is it compacted (compaction_period)?",
  );
}

function judgeCluster(results: readonly PromiseSettledResult<Status>[]): Verdict {
  const up = results.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  if (up.length === 0) return skipped("no endpoint answers");
  const clusters = new Set(up.map(({ cluster }) => cluster));
  if (clusters.size > 1) {
    return failed(
      `the endpoints belong to ${clusters.size} different clusters`,
      "--etcd must name the members of one cluster",
    );
  }
  const versions = [...new Set(up.map(({ version }) => version))].join(", ");
  if (up.length < results.length) {
    return warning(
      `${up.length} of ${results.length} endpoints answer`,
      "bring the others back: with too few there is no quorum",
    );
  }
  return ok(`${up.length} endpoints of one cluster, version ${versions}`);
}

/** etcd answers HTTP at the same address; its answer carries the time. */
async function checkClock(
  { etcd }: Config,
  url: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Verdict> {
  const client = openHttpClient(etcd);
  try {
    const askedAt = clock.now();
    const brief = AbortSignal.any([signal, AbortSignal.timeout(etcd.callTimeoutMs)]);
    const response = await fetch(`${url}/version`, { client, signal: brief });
    await response.body?.cancel();
    const reading = readDateHeader(response.headers, askedAt, clock.now());
    return reading ? judgeOffset(reading) : skipped("it does not tell the time");
  } catch (error) {
    return skipped(`it does not tell the time over HTTP (${describeError(error).slice(0, 120)})`);
  } finally {
    client?.close();
  }
}
