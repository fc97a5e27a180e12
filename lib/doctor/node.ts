/** This machine: the state directory, TLS files, the runtime, clocks of the hosts that Felix runs on. @module */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { Buffer } from "node:buffer";
import { statfs } from "node:fs";
import { promisify } from "node:util";
import { conductorPrefix } from "../calico/keys.ts";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config_types.ts";
import { openEtcd } from "../etcd/client.ts";
import { parseJson, parseJsonObject } from "../base/json.ts";
import { describeError } from "../base/log.ts";
import { registrationSchema, termSchema } from "../state/records.ts";
import { readSealKeys } from "../state/seal_file.ts";
import { KV_FILE } from "../process/state_files.ts";
import { StateStore } from "../state/store.ts";
import { felixPrefix } from "../status/felix_status.ts";
import { type Check, failed, ok, settled, skipped, type Verdict, warning } from "./check.ts";

const OLDEST_DENO = [2, 4];
const LITTLE_BYTES = 200 * 2 ** 20;
const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
const MAX_HOSTS = 500;
/** A status in our future by more than this has a clock that is ahead, ms. */
const AHEAD_MS = 2000;

/** A PEM file of the configuration. */
interface TlsFile {
  readonly option: string;
  readonly path: string;
  /** The certificate's private key, or null. */
  readonly key: string | null;
}

/** The checks of this machine. */
export function nodeChecks(config: Config, clock: Clock): Check[] {
  return [
    settled("Deno", checkDeno(Deno.version.deno)),
    {
      name: `state directory ${config.stateDir}`,
      advice: "name a directory that this user may write with --state-dir",
      run: () => checkStateDir(config.stateDir),
    },
    {
      name: "clock of this node",
      advice: "is the state directory readable?",
      run: () => checkOwnClock(config.stateDir, clock),
    },
    {
      name: "clocks of Calico's hosts",
      advice: "look at etcd above",
      run: () => checkHostClocks(config, clock),
    },
    {
      name: "clocks of other nodes",
      advice: "look at etcd above",
      run: () => checkNodeClocks(config, clock),
    },
    ...tlsFiles(config).map((file): Check => ({
      name: `TLS file ${file.path}`,
      advice: `give ${file.option} a PEM file that this user may read`,
      run: () => checkTlsFile(file, clock.now()),
    })),
  ];
}

function checkDeno(version: string): Verdict {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const old = major < OLDEST_DENO[0]! || (major === OLDEST_DENO[0]! && minor < OLDEST_DENO[1]!);
  return old
    ? failed(version, `upgrade Deno: ${OLDEST_DENO.join(".")} is the oldest that works`)
    : ok(version);
}

async function checkStateDir(dir: string): Promise<Verdict> {
  const info = await Deno.stat(dir).catch(() => null);
  if (info === null) return skipped("not there yet: the node makes it when it starts");
  const probe = `${dir}/.doctor-${crypto.randomUUID()}`;
  await Deno.writeTextFile(probe, "written by calico-conductor doctor");
  await Deno.remove(probe);
  const free = await freeBytes(dir);
  if (free === null) return ok("writable; how much is free cannot be told");
  const found = `writable, ${Math.floor(free / 2 ** 20)} MiB free`;
  return free < LITTLE_BYTES ? warning(found, "make room on its file system") : ok(found);
}

/** Room for us on the file system; null where it cannot be told. */
function freeBytes(dir: string): Promise<number | null> {
  return promisify(statfs)(dir).then(
    ({ bavail, bsize }) => Number(bavail) * Number(bsize),
    () => null,
  );
}

/** What the manager wrote must not be in the future. */
async function checkOwnClock(dir: string, clock: Clock): Promise<Verdict> {
  if (!await Deno.stat(`${dir}/${KV_FILE}`).then(() => true, () => false)) {
    return skipped("nothing has run with this state directory");
  }
  using store = await StateStore.open(dir, await readSealKeys(dir));
  const heartbeat = (await store.readMastership())?.heartbeat ?? null;
  if (heartbeat === null) return ok("no heartbeat of a master to compare with");
  const aheadMs = heartbeat - clock.now();
  return aheadMs > 1000
    ? failed(
      `the manager's last heartbeat is ${(aheadMs / 1000).toFixed(1)} s in the future`,
      "the clock was set back: synchronise it, mastership waits until it has caught up",
    )
    : ok("the manager's heartbeat is not in the future");
}

/** Felix says when it wrote its status: a time in our future is a clock that is ahead, or ours behind. */
async function checkHostClocks(config: Config, clock: Clock): Promise<Verdict> {
  const prefix = felixPrefix(config.region);
  const hosts = await writersBelow(prefix, config, clock, (key, value) => {
    if (!key.endsWith("/status")) return [];
    const time = Date.parse(String(parseJsonObject(value)?.time));
    return Number.isNaN(time) ? [] : [{ who: key.slice(prefix.length).split("/")[0]!, time }];
  });
  if (!hosts) return skipped(NO_ANSWER);
  const { all, ahead } = hosts;
  if (all.length === 0) return skipped("no Felix has written a status");
  if (ahead.length === 0) return ok(`no status of ${all.length} hosts is in the future`);
  return warning(
    `${ahead.length} of ${all.length} hosts write in our future: ${ahead.slice(0, 5).join(", ")}`,
    "synchronise the clocks of these hosts, or ours when it is all of them",
  );
}

/** Nodes write when they started and when a term of theirs began and ended, by their own clocks. */
async function checkNodeClocks(config: Config, clock: Clock): Promise<Verdict> {
  const prefix = conductorPrefix(config.region);
  const nodes = await writersBelow(prefix, config, clock, (_, value) => {
    const record = parseJson(value);
    const node = registrationSchema.safeParse(record).data;
    if (node) return [{ who: node.name, time: node.since }];
    const term = termSchema.safeParse(record).data;
    const times = [term?.start, term?.end].filter((time) => typeof time === "number");
    return times.map((time) => ({ who: term!.node, time }));
  });
  if (!nodes) return skipped(NO_ANSWER);
  const { all, ahead } = nodes;
  if (all.length === 0) return skipped("no node has written when it started");
  if (ahead.length === 0) {
    const written = `${all.length} node${all.length > 1 ? "s have" : " has"} written`;
    return ok(`nothing that ${written} is in the future`);
  }
  return warning(
    `written in our future: ${ahead.slice(0, 5).join(", ")}`,
    "synchronise the clocks of all nodes (chrony or systemd-timesyncd)",
  );
}

/** Found by what needs etcd, which is looked at by itself. */
export const NO_ANSWER = "etcd does not answer, or does not let us read";

/** Names of who has written a time below a prefix, and in our future; null: etcd does not tell. */
async function writersBelow(
  prefix: string,
  { etcd: config }: Config,
  clock: Clock,
  timesIn: (key: string, value: string) => { who: string; time: number }[],
): Promise<{ all: string[]; ahead: string[] } | null> {
  const etcd = openEtcd(config);
  try {
    const found = await etcd.getAll().prefix(prefix).limit(MAX_HOSTS).strings();
    const times = Object.entries(found).flatMap(([key, value]) => timesIn(key, value));
    const late = times.filter(({ time }) => time - clock.now() > AHEAD_MS);
    const [all, ahead] = [times, late].map((some) =>
      [...new Set(some.map(({ who }) => who))].sort()
    );
    return { all: all!, ahead: ahead! };
  } catch {
    return null;
  } finally {
    etcd.close();
  }
}

function tlsFiles({ etcd, openstack, bus, diagnostics }: Config): TlsFile[] {
  const rows: [option: string, path: string | null | undefined, key?: string | null][] = [
    ["etcd_ca_file", etcd.caFile],
    ["etcd_cert_file", etcd.certFile, etcd.keyFile],
    ["os_cacert", openstack.caFile],
    ["os_cert", openstack.certFile, openstack.keyFile],
    ["bus_ca_file", bus?.caFile],
    ["bus_cert_file", bus?.certFile, bus?.keyFile],
    ["listen_tls_cert", diagnostics.tls?.cert, diagnostics.tls?.key],
  ];
  return rows.flatMap(([option, path, key = null]) => path ? [{ option, path, key }] : []);
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

async function checkTlsFile({ option, path, key }: TlsFile, now: number): Promise<Verdict> {
  const certificates = (await Deno.readTextFile(path)).match(PEM) ?? [];
  if (certificates.length === 0) {
    return failed("holds no certificate", `${option} wants a PEM file`);
  }
  const read = certificates.map((pem) => new X509Certificate(Buffer.from(pem)));
  // Of a CA file one certificate may have ended; of our own the first one counts.
  const ends = (key === null ? read : read.slice(0, 1)).map(({ validTo }) => Date.parse(validTo));
  const days = Math.floor((Math.max(...ends) - now) / DAY_MS);
  const found = `${certificates.length} certificate${certificates.length > 1 ? "s" : ""}, `;
  if (days < 0) return failed(`${found}over since ${-days} days`, `renew it (${option})`);
  if (key !== null) {
    const text = await Deno.readTextFile(key).catch((error) => {
      throw new Error(`its key ${key} cannot be read: ${describeError(error)}`);
    });
    if (!read[0]!.checkPrivateKey(createPrivateKey(text))) {
      return failed(`${key} is not its key`, `name the key of that certificate`);
    }
  }
  const left = `${found}valid for ${days} more days`;
  return days < SOON_DAYS ? warning(left, `renew it soon (${option})`) : ok(left);
}
