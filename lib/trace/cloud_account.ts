/**
 * What Neutron and etcd say of the ports that an operator means: read only, each part with a deadline of its
 * own. What cannot be asked is told, and the rest is told all the same.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { describeError } from "../base/log.ts";
import type { Clock } from "../base/clock.ts";
import { electionKey } from "../calico/keys.ts";
import { KeystoneAuth } from "../openstack/keystone.ts";
import { isVmOwner } from "../openstack/records.ts";
import type { Term } from "../role/master_context.ts";
import { type ResyncBase, resyncBase, type ResyncConfig } from "../sync/sources/base.ts";
import { compareObjects, type Comparison } from "./compare_objects.ts";
import { type FelixAccount, readFelix } from "./felix.ts";
import { findKeys, KeysFound, type PortKey } from "./find_keys.ts";
import { findPorts, portsById } from "./find_ports.ts";
import type { TraceQuery } from "./query.ts";
import { type CloudAccount, type CloudPort, MAX_PORTS, type NeutronPort } from "./trace.ts";

/** Security groups, and subnets, of the ports that are compared too. */
const MAX_OTHERS = 40;
/** Keys of one port that are shown. */
const MAX_KEYS = 50;

/** Deadline of each part, ms. */
export interface TraceLimits {
  readonly partMs: number;
  /** Of looking through all names of endpoints. */
  readonly namesMs: number;
}
const LIMITS: TraceLimits = { partMs: 7000, namesMs: 15_000 };
/** Within that time a trace is over, ms: four parts and the names. */
export const TRACE_MS = 45_000;

/** What a trace works with. */
export interface TraceDeps {
  readonly config: ResyncConfig;
  readonly etcd: Etcd3;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limits?: TraceLimits;
}

/** Asks Neutron and etcd. @throws the signal's reason. */
export async function readCloud(query: TraceQuery, deps: TraceDeps): Promise<CloudAccount> {
  const { config, etcd, clock, signal } = deps;
  using keystone = new KeystoneAuth(config.openstack, clock);
  const base = resyncBase(config, etcd, keystone, clock);
  const { partMs, namesMs } = deps.limits ?? LIMITS;
  const parts = new Parts(signal, partMs);
  const listed = await parts.of("Neutron", async (signal) => {
    await base.neutron.askExtensions(signal);
    return await findPorts(base.neutron, query, signal);
  });
  const known = new Set(listed?.map(({ id }) => id));
  const search = { region: config.region, query, ports: known };
  const names = new KeysFound();
  await parts.of("etcd for all names", (signal) => findKeys(etcd, search, names, signal), namesMs);
  const { shown, more } = choose(query, listed ?? [], names.keys);
  const neutron = await withOthers(listed, shown, parts, base);
  const of = new Set(shown);
  const ports = neutron?.filter(({ id }) => of.has(id)) ?? [];
  const own = names.keys.filter(({ port }) => of.has(port));
  const compared = neutron && shown.length > 0
    ? await parts.of(
      "Neutron and etcd",
      (signal) => compare(base, observer(config, signal), shown, ports, own),
    )
    : null;
  const hosts = new Set([...ports.flatMap(hostsOf), ...own.map(({ host }) => host)]);
  hosts.delete("");
  const readsFelix = { ports: of, hosts, now: clock.now() };
  const felix = await parts.of(
    "what Felix reports",
    (signal) => readFelix(etcd, config.region, { ...readsFelix, signal }),
  );
  return {
    query: query.text,
    at: clock.now(),
    ports: shown.map((id) => {
      const port = ports.find((port) => port.id === id) ?? null;
      return portOf(id, port, { keys: own, compared, felix });
    }),
    more,
    objects: compared?.objects.filter(({ subject }) => subject.type !== "port") ?? [],
    agents: felix?.agents ?? [],
    guards: compared?.run.guards ?? [],
    leftOut: compared?.run.leftOut ?? [],
    isCompared: neutron !== null &&
      (compared !== null || (shown.length === 0 && names.isWhole)),
    isSearched: names.isWhole,
    seesOthers: names.seesOthers,
    troubles: parts.troubles,
  };
}

/** Ports that etcd alone has told of are asked for as well. Null: Neutron does not answer. */
async function withOthers(
  listed: NeutronPort[] | null,
  shown: readonly string[],
  parts: Parts,
  { neutron }: ResyncBase,
): Promise<NeutronPort[] | null> {
  if (listed === null) return null;
  const known = new Set(listed.map(({ id }) => id));
  const others = shown.filter((id) => !known.has(id));
  if (others.length === 0) return listed;
  const found = await parts.of("Neutron", (signal) => portsById(neutron, others, signal));
  return found && [...listed, ...found];
}

/**
 * The ports that are shown, those of VMs first, and how many there are beside. Regions have hosts of the same
 * names: what other namespaces alone have counts only where the port itself is asked for.
 */
function choose(
  { text }: TraceQuery,
  ports: readonly NeutronPort[],
  keys: readonly PortKey[],
): { shown: string[]; more: number } {
  const served = ports.filter(({ deviceOwner }) => isVmOwner(deviceOwner));
  const ids = [...served, ...ports].map(({ id }) => id);
  const named = keys.filter(({ isOwn, port }) => isOwn || port === text);
  const all = [...new Set([...ids, ...named.map(({ port }) => port)])];
  return { shown: all.slice(0, MAX_PORTS), more: Math.max(0, all.length - MAX_PORTS) };
}

function compare(
  base: ResyncBase,
  term: Term,
  shown: readonly string[],
  ports: readonly NeutronPort[],
  keys: readonly PortKey[],
): Promise<Comparison> {
  const some = (ids: readonly string[]) =>
    new Set([...new Set(ids)].filter((id) => id !== "").slice(0, MAX_OTHERS));
  const served = ports.filter(({ deviceOwner }) => isVmOwner(deviceOwner));
  const scope = {
    ports: new Set(shown),
    groups: some(served.flatMap(({ securityGroups }) => securityGroups)),
    subnets: some(served.flatMap(({ subnets }) => subnets)),
  };
  return compareObjects({ ...base, progress: () => {} }, term, { scope, keys });
}

/** What was found, of all ports. */
interface Found {
  readonly keys: readonly PortKey[];
  readonly compared: Comparison | null;
  readonly felix: FelixAccount | null;
}

function portOf(
  id: string,
  neutron: NeutronPort | null,
  { keys, compared, felix }: Found,
): CloudPort {
  const of = keys.filter(({ port }) => port === id).slice(0, MAX_KEYS);
  return {
    id,
    neutron,
    isServed: compared?.wanted.has(id) ?? false,
    objects:
      compared?.objects.filter(({ subject }) => subject.type === "port" && subject.id === id) ?? [],
    keys: of.filter(({ isOwn }) => isOwn).map(({ key, modRevision }) => ({ key, modRevision })),
    elsewhere: of.filter(({ isOwn }) => !isOwn)
      .map(({ key, namespace, modRevision }) => ({ key, namespace, modRevision })),
    felix: felix?.reports.filter(({ port }) => port === id)
      .map(({ port: _, ...report }) => report) ?? [],
  };
}

function hostsOf({ host, migratingTo }: NeutronPort): string[] {
  return [host, ...migratingTo === null ? [] : [migratingTo]];
}

/** A term in which nothing can be written. */
function observer({ region }: Pick<ResyncConfig, "region">, signal: AbortSignal): Term {
  return { term: "0", id: "", electionKey: electionKey(region), signal, observer: true };
}

/** Parts that fail alone. */
class Parts {
  readonly troubles: string[] = [];

  constructor(readonly signal: AbortSignal, readonly partMs: number) {}

  /** What `read` finds within the deadline; null, and a sentence among the troubles, when it fails. */
  async of<T>(
    whom: string,
    read: (signal: AbortSignal) => Promise<T>,
    ms = this.partMs,
  ): Promise<T | null> {
    const late = AbortSignal.timeout(ms);
    try {
      return await read(AbortSignal.any([this.signal, late]));
    } catch (error) {
      this.signal.throwIfAborted();
      const why = late.aborted
        ? `no whole answer within ${ms / 1000} s`
        : describeError(error, false);
      this.troubles.push(`${whom} cannot be asked: ${why}`);
      return null;
    }
  }
}
