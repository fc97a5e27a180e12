/**
 * etcd: each endpoint by itself, whether they are one cluster, what our user may do, what time it is
 * there.
 *
 * That writing is allowed below Calico's prefixes is found out without writing: etcd checks the rights of
 * a transaction's every operation, also of those whose condition never holds.
 *
 * @module
 */
import { type Etcd3, EtcdPermissionDeniedError } from "etcd3";
import {
  CLUSTER_INFORMATION_KEY,
  COMPACTION_LAST_KEY,
  COMPACTION_TRIGGER_KEY,
  conductorPrefix,
  electionKey,
  FELIX_CONFIGURATION_KEY,
  LEGACY_SUBNET_PREFIX,
  resourcePrefixes,
  roundTripKey,
} from "../calico/keys.ts";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config_types.ts";
import { openEtcd } from "../etcd/client.ts";
import { describeError } from "../base/log.ts";
import { openHttpClient } from "../openstack/http_client.ts";
import { felixPrefix } from "../status/felix_status.ts";
import { type Check, failed, ok, once, skipped, type Verdict, warning } from "./check.ts";
import { judgeOffset, readDateHeader } from "./clock_offset.ts";

const OLDEST = [3, 4];
/** etcd's default quota is 2 GiB. */
const LARGE_BYTES = 1.6 * 2 ** 30;
const TEST_LEASE_SECONDS = 30;

interface Status {
  readonly version: string;
  readonly leader: string;
  readonly dbSize: string;
  readonly cluster: string;
  readonly alarms: readonly string[];
  readonly tookMs: number;
}

/** The checks of etcd. */
export function etcdChecks(config: Config, clock: Clock): Check[] {
  const statuses = config.etcd.endpoints.map((url) => ({
    url,
    status: once(() => withClient(config, [url], (etcd) => readStatus(etcd, clock))),
  }));
  return [
    ...statuses.map(({ url, status }): Check => ({
      name: `etcd ${url}`,
      advice: "is etcd running there, and are --etcd and its TLS files right?",
      run: async () => judgeStatus(await status()),
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
  } finally {
    etcd.close();
  }
}

async function readStatus(etcd: Etcd3, clock: Clock): Promise<Status> {
  const from = clock.monotonic();
  const { header, version, leader, dbSize } = await etcd.maintenance.status();
  const tookMs = clock.monotonic() - from;
  // With authentication only root may ask for alarms.
  const { alarms } = await etcd.maintenance.alarm({ action: "Get", memberID: "0", alarm: "None" })
    .catch(() => ({ alarms: [] }));
  return {
    version,
    leader,
    dbSize,
    cluster: header.cluster_id,
    alarms: (alarms ?? []).map(({ alarm }) => String(alarm)),
    tookMs,
  };
}

function judgeStatus({ version, leader, dbSize, alarms, tookMs }: Status): Verdict {
  const megabytes = `${Math.ceil(Number(dbSize) / 2 ** 20)} MiB`;
  const found = `version ${version}, ${megabytes}, answers in ${Math.ceil(tookMs)} ms`;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0]! || (major === OLDEST[0]! && minor < OLDEST[1]!)) {
    return failed(found, `upgrade etcd: ${OLDEST.join(".")} is the oldest that works`);
  }
  if (leader === "0") {
    return failed(`${found}, has no leader`, "it has lost its quorum: start the other members");
  }
  const alarm = alarms.find((alarm) => alarm !== "None");
  if (alarm !== undefined) {
    return failed(
      `${found}, alarm ${alarm.toUpperCase()}: it takes no writes`,
      "compact and defragment it, raise its quota, then etcdctl alarm disarm",
    );
  }
  if (Number(dbSize) > LARGE_BYTES) {
    return warning(
      `${found}, near the default quota of 2 GiB`,
      "defragment it; is it compacted (compaction_period)?",
    );
  }
  return ok(found);
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

/** What we read, and what we write as well. */
function places({ region, compaction }: Config): { prefix: string; write: boolean }[] {
  const written = [
    ...Object.values(resourcePrefixes(region)),
    LEGACY_SUBNET_PREFIX,
    FELIX_CONFIGURATION_KEY,
    CLUSTER_INFORMATION_KEY,
    electionKey(region),
    conductorPrefix(region),
    roundTripKey(felixPrefix(region)),
    ...compaction.periodSeconds > 0 ? [COMPACTION_TRIGGER_KEY, COMPACTION_LAST_KEY] : [],
  ];
  return [
    ...written.map((prefix) => ({ prefix, write: true })),
    { prefix: felixPrefix(region), write: false },
  ];
}

async function checkRights(etcd: Etcd3, config: Config): Promise<Verdict> {
  await tryWriting(etcd, `${conductorPrefix(config.region)}doctor/${crypto.randomUUID()}`);
  const refused: string[] = [];
  for (const { prefix, write } of places(config)) {
    try {
      await etcd.getAll().prefix(prefix).limit(1).keys();
      if (write) await pretendToWrite(etcd, prefix);
    } catch (error) {
      if (!(error instanceof EtcdPermissionDeniedError)) throw error;
      refused.push(prefix);
    }
  }
  if (refused.length === 0) {
    const { length } = places(config);
    return ok(`may read and write below all ${length} prefixes, and has written a key of our own`);
  }
  return failed(
    `permission denied below ${refused.join(", ")}`,
    "etcdctl role grant-permission ROLE --prefix=true readwrite /calico/",
  );
}

/** A key of our own under a lease: written, read back, deleted. */
async function tryWriting(etcd: Etcd3, key: string): Promise<void> {
  const { ID } = await etcd.leaseClient.leaseGrant({ TTL: TEST_LEASE_SECONDS });
  try {
    await etcd.put(key).value("written by calico-conductor doctor").lease(ID).exec();
    if (await etcd.get(key) === null) throw new Error(`${key} was written but cannot be read`);
    await etcd.delete().key(key);
  } catch (error) {
    throw new Error(`cannot write ${key}: ${describeError(error)}`, { cause: error });
  } finally {
    await etcd.leaseClient.leaseRevoke({ ID }).catch(() => {});
  }
}

/** A transaction that never does anything, and is refused as if it did. */
async function pretendToWrite(etcd: Etcd3, key: string): Promise<void> {
  await etcd.if(key, "Version", "<", 0).then(etcd.put(key).value("")).commit();
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
    const response = await fetch(`${url}/version`, { client, signal });
    await response.body?.cancel();
    const reading = readDateHeader(response.headers, askedAt, clock.now());
    return reading ? judgeOffset(reading) : skipped("it does not tell the time");
  } catch (error) {
    return skipped(`it does not tell the time over HTTP (${describeError(error).slice(0, 120)})`);
  } finally {
    client?.close();
  }
}
