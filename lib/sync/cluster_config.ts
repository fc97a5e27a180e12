/**
 * Felix's cluster-wide configuration and legacy data, at the end of a full resync (data model). Only
 * ever adds to what exists, under the mod revision that was read and under the fence.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import {
  CLUSTER_INFORMATION_KEY,
  FELIX_CONFIGURATION_KEY,
  LEGACY_SUBNET_PREFIX,
  resourcePrefixes,
} from "../calico/keys.ts";
import { writeFenced } from "../etcd/fenced_write.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import type { Clock } from "../clock.ts";
import type { Term } from "../master_context.ts";

type Json = Record<string, unknown>;

const ATTEMPTS = 5;
const RETRY_MS = 1000;

function withWord(list: unknown, word: string): string {
  const words = typeof list === "string" ? list.split(",").filter((w) => w !== "") : [];
  return words.includes(word) ? words.join(",") : [...words, word].join(",");
}

function clusterInformation(spec: Json): Json {
  return {
    ...spec,
    clusterGUID: spec.clusterGUID || crypto.randomUUID().replaceAll("-", ""),
    clusterType: withWord(spec.clusterType, "openstack"),
    datastoreReady: spec.datastoreReady ?? true,
  };
}

function felixConfiguration(spec: Json): Json {
  return {
    ...spec,
    endpointReportingEnabled: true,
    interfacePrefix: withWord(spec.interfacePrefix, "tap"),
  };
}

/** Brings both objects up to date; a conflict is read again after a second. */
export async function ensureClusterConfig(etcd: Etcd3, term: Term, clock: Clock): Promise<void> {
  await ensure(
    etcd,
    term,
    clock,
    CLUSTER_INFORMATION_KEY,
    "ClusterInformation",
    clusterInformation,
  );
  await ensure(
    etcd,
    term,
    clock,
    FELIX_CONFIGURATION_KEY,
    "FelixConfiguration",
    felixConfiguration,
  );
}

async function ensure(
  etcd: Etcd3,
  term: Term,
  clock: Clock,
  key: string,
  kind: string,
  complete: (spec: Json) => Json,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { kvs } = await etcd.get(key).exec();
    const text = kvs[0]?.value.toString() ?? "";
    const stored = parse(text);
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const value = JSON.stringify({
      ...stored,
      kind,
      apiVersion: "projectcalico.org/v3",
      metadata: stored.metadata ??
        { name: "default", uid: crypto.randomUUID(), creationTimestamp: now },
      spec: complete((stored.spec ?? {}) as Json),
    });
    if (JSON.stringify(parse(value)) === JSON.stringify(stored)) return;
    const modRevision = kvs[0]?.mod_revision ?? "0";
    const conflicts = await writeFenced(etcd, term, [{ key, value, modRevision, group: "" }]);
    if (conflicts.length === 0) return;
    await clock.sleep(RETRY_MS, term.signal);
  }
  throw new Error(`${key} changes all the time: it could not be brought up to date`);
}

function parse(text: string): Json {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Deletes the legacy subnets and, when a region is set, what an unnamed region left behind. */
export async function removeLegacy(
  etcd: Etcd3,
  term: Term,
  region: string | null,
): Promise<number> {
  const old = [...(await readSnapshot(etcd, LEGACY_SUBNET_PREFIX)).items];
  if (region !== null) {
    const prefixes = resourcePrefixes(null);
    old.push(...(await readSnapshot(etcd, prefixes.WorkloadEndpoint)).items);
    old.push(...(await readSnapshot(etcd, `${prefixes.NetworkPolicy}ossg.default.`)).items);
  }
  await writeFenced(
    etcd,
    term,
    old.map(({ key, modRevision }) => ({ key, value: null, modRevision, group: "legacy" })),
  );
  return old.length;
}
