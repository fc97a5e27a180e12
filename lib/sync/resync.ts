/**
 * One full resync: etcd is read first, at one revision, then Neutron, so that a concurrent write can
 * only make our swap fail, never be overwritten; then the differences are written under the fence,
 * what others depend on first.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { resourcePrefixes } from "../calico/keys.ts";
import { calicoNamespace } from "../calico/regions.ts";
import type { Clock } from "../clock.ts";
import { writeFenced, type WriteOperation } from "../etcd/fenced_write.ts";
import { type KeyValue, readSnapshot } from "../etcd/snapshot.ts";
import type { Term } from "../master_context.ts";
import type { KeystoneAuth } from "../openstack/keystone.ts";
import type { NeutronClient } from "../openstack/neutron.ts";
import type { KindCounts } from "../state_store.ts";
import { ensureClusterConfig, removeLegacy } from "./cluster_config.ts";
import { desiredOf, type Kind, KINDS, readCloud } from "./desired.ts";
import { diff, type Difference } from "./diff.ts";

/** What a resync works with. */
export interface ResyncDeps {
  readonly etcd: Etcd3;
  readonly neutron: NeutronClient;
  readonly keystone: KeystoneAuth;
  readonly clock: Clock;
  readonly region: string | null;
  /** Called with each page read and each batch written. */
  progress(doing: string): void;
}

/** What a resync did. */
export interface ResyncResult {
  readonly kinds: Record<Kind, KindCounts>;
  readonly warnings: string[];
}

/** Passes over everything until no swap fails, at most. */
const PASSES = 5;
/** More endpoints than this do not vanish in one moment: no ports at all looks like an outage. */
const SUSPICIOUS_ENDPOINTS = 10;

/** Makes etcd equal to Neutron. @throws what any part threw; FenceLostError when another leads. */
export async function fullResync(deps: ResyncDeps, term: Term): Promise<ResyncResult> {
  const kinds = Object.fromEntries(KINDS.map((kind) => [kind, emptyCounts()])) as Record<
    Kind,
    KindCounts
  >;
  const warnings: string[] = [];
  for (let pass = 1; pass <= PASSES; pass++) {
    const conflicts = await onePass(deps, term, kinds, warnings);
    if (conflicts === 0) break;
    if (pass === PASSES) {
      warnings.push(`${conflicts} objects change all the time; left to the next resync`);
    }
  }
  deps.progress("resync: cluster configuration");
  await ensureClusterConfig(deps.etcd, term, deps.clock);
  const legacy = await removeLegacy(deps.etcd, term, deps.region);
  if (legacy > 0) warnings.push(`${legacy} legacy objects removed`);
  return { kinds, warnings: warnings.slice(0, 20) };
}

async function onePass(
  deps: ResyncDeps,
  term: Term,
  kinds: Record<Kind, KindCounts>,
  warnings: string[],
): Promise<number> {
  const { etcd, clock, region, progress } = deps;
  const prefixes = resourcePrefixes(region);
  const stored = {} as Record<Kind, KeyValue[]>;
  let revision: string | undefined;
  for (const kind of KINDS) {
    const startedAt = clock.now();
    const onPage = () => progress("resync: reading etcd");
    const options = { revision, signal: term.signal, onPage };
    const snapshot = await readSnapshot(etcd, prefixes[kind], options);
    revision ??= snapshot.revision;
    stored[kind] = snapshot.items;
    kinds[kind].etcdItems = snapshot.items.length;
    kinds[kind].etcdReadMs += clock.now() - startedAt;
  }
  const readAt = clock.now();
  const cloud = await readCloud(
    deps.neutron,
    deps.keystone,
    region,
    term.signal,
    () => progress("resync: reading Neutron"),
  );
  const neutronReadMs = clock.now() - readAt;
  if (cloud.ports.length === 0 && stored.WorkloadEndpoint.length > SUSPICIOUS_ENDPOINTS) {
    throw new Error(
      `Neutron shows no ports while etcd holds ${stored.WorkloadEndpoint.length} endpoints: ` +
        "refused, because an outage or a policy that hides ports looks like an empty cloud; " +
        "check the service user's rights",
    );
  }
  for (const { id, why } of cloud.refused) warnings.push(`record ${id} is not understood: ${why}`);
  const stamps = {
    namespace: calicoNamespace(region),
    creationTimestamp: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z"),
    newUid: () => crypto.randomUUID(),
  };
  const keep = cloud.refused.map(({ id }) => id).filter((id) => id !== "");
  const differences = {} as Record<Kind, Difference>;
  for (const kind of KINDS) {
    const startedAt = clock.now();
    const desired = desiredOf(kind, cloud, region);
    differences[kind] = diff(kind, prefixes[kind], desired, stored[kind], stamps, keep);
    kinds[kind].neutronItems = desired.size;
    kinds[kind].neutronReadMs += neutronReadMs;
    kinds[kind].correct = differences[kind].correct;
    kinds[kind].compareMs += clock.now() - startedAt;
    progress("resync: comparing");
    await clock.sleep(0, term.signal);
  }
  return await writeAll(deps, term, kinds, differences);
}

/** Writes what is new in the order of KINDS, then deletes in the reverse order. */
async function writeAll(
  { etcd, clock, progress }: ResyncDeps,
  term: Term,
  kinds: Record<Kind, KindCounts>,
  differences: Record<Kind, Difference>,
): Promise<number> {
  let failed = 0;
  const write = async (kind: Kind, operations: WriteOperation[]): Promise<Set<WriteOperation>> => {
    const startedAt = clock.now();
    const onBatch = () => progress("resync: writing");
    const conflicts = new Set(await writeFenced(etcd, term, operations, onBatch));
    kinds[kind].writeMs += clock.now() - startedAt;
    kinds[kind].conflicts += conflicts.size;
    failed += conflicts.size;
    return conflicts;
  };
  const landed = (operations: WriteOperation[], conflicts: Set<WriteOperation>) =>
    operations.filter((operation) => !conflicts.has(operation)).length;
  for (const kind of KINDS) {
    const { create, update } = differences[kind];
    const conflicts = await write(kind, [...create, ...update]);
    kinds[kind].created += landed(create, conflicts);
    kinds[kind].updated += landed(update, conflicts);
  }
  for (const kind of KINDS.toReversed()) {
    const { remove } = differences[kind];
    kinds[kind].deleted += landed(remove, await write(kind, remove));
  }
  return failed;
}

function emptyCounts(): KindCounts {
  return {
    etcdReadMs: 0,
    neutronReadMs: 0,
    compareMs: 0,
    writeMs: 0,
    etcdItems: 0,
    neutronItems: 0,
    correct: 0,
    created: 0,
    updated: 0,
    deleted: 0,
    conflicts: 0,
  };
}
