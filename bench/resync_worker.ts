/**
 * The measured process of `resync.ts`: the resource syncer's passes, and the floor below them, each on
 * demand. Arguments: etcd's URL and Neutron's.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { systemClock } from "../lib/base/clock.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { readSnapshot, snapshotPages } from "../lib/etcd/snapshot.ts";
import type { Term } from "../lib/role/master_context.ts";
import { KeystoneAuth } from "../lib/openstack/keystone.ts";
import { NeutronClient } from "../lib/openstack/neutron.ts";
import { incrementalResync } from "../lib/sync/sources/incremental.ts";
import type { CloudIndex } from "../lib/sync/index/cloud_index.ts";
import { type ResyncDeps, SyncRun } from "../lib/sync/apply/sync_run.ts";
import { emptyScope } from "../lib/sync/index/backlog.ts";
import { COLLECTIONS } from "../lib/sync/model/collections.ts";
import { reconcile } from "../lib/sync/sources/named.ts";
import { fullResync } from "../lib/sync/sources/full.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { answerAll } from "./child.ts";
import { compactedBytes } from "./etcd_metrics.ts";
import { measure } from "./measure.ts";

const ELECTION = "/election";
const PAGE = 1000;
const BATCH = 120;
const IN_FLIGHT = 4;

/** What may be asked. */
export type Question =
  | { readonly do: "full"; readonly building: boolean }
  | { readonly do: "incremental" }
  /** A run of its own for each id, or one for all. */
  | { readonly do: "ports"; readonly ids: readonly string[]; readonly together: boolean }
  | { readonly do: "clear" }
  /** Writes what another etcd has, in bare transactions. */
  | { readonly do: "bareWrite"; readonly from: string }
  | { readonly do: "bareRead" }
  | { readonly do: "heap" };

const [etcdUrl, neutronUrl] = Deno.args as [string, string];

function connect(url: string): Etcd3 {
  return openEtcd({ ...testConfig().etcd, endpoints: [url], callTimeoutMs: 30_000 });
}

const etcd = connect(etcdUrl);
const openstack = { ...testConfig().openstack, neutronUrl, authUrl: null, pageSize: PAGE };
const keystone = new KeystoneAuth(openstack, systemClock);
const deps: ResyncDeps = {
  etcd,
  keystone,
  neutron: new NeutronClient(openstack, keystone),
  clock: systemClock,
  region: null,
  progress: () => {},
};
await etcd.delete().key(ELECTION); // of an earlier worker, so that the term is this one's
const { header } = await etcd.put(ELECTION).value("node-1:1").exec();
const term: Term = {
  term: header.revision,
  id: "node-1:1",
  electionKey: ELECTION,
  signal: new AbortController().signal,
};
let index: CloudIndex | undefined;
let items: (readonly [string, string])[] = [];

/** The same keys and bytes in bare transactions, several in flight. */
async function writeBare(): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const batch = items.slice(next, next += BATCH);
      await etcd.if(ELECTION, "Version", ">", 0)
        .then(...batch.map(([key, value]) => etcd.put(key).value(value))).commit();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** All of etcd, then all pages; nothing is kept. */
async function readBare(): Promise<void> {
  const lists = ["networks", "subnets", "floatingips", "qos/policies", "security-groups", "ports"];
  for await (const _ of snapshotPages(etcd, "/calico/", { pageSize: PAGE })) { /* only read */ }
  await Promise.all(lists.map(async (list) => {
    let marker: string | null = null;
    do {
      const url = new URL(`${neutronUrl}/v2.0/${list}?limit=${PAGE}`);
      if (list === "ports") {
        for (const f of COLLECTIONS.ports.fields!) url.searchParams.append("fields", f);
      }
      if (marker) url.searchParams.set("marker", marker);
      const body = await (await fetch(url)).json();
      const name = list.split("/").at(-1)!.replaceAll("-", "_");
      const more = body[`${name}_links`].some(({ rel }: { rel: string }) => rel === "next");
      marker = more ? body[name].at(-1).id : null;
    } while (marker);
  }));
}

const newRun = () => new SyncRun(deps, term, index!);

async function act(question: Question) {
  switch (question.do) {
    case "full": {
      const previous = question.building ? index : undefined;
      const result = await fullResync(deps, term, { previous, beside: index });
      index?.close();
      index = result.index;
      return result.kinds;
    }
    case "incremental":
      return await incrementalResync(newRun()!);
    case "ports": {
      const scopes = question.together
        ? [new Set(question.ids)]
        : question.ids.map((id) => new Set([id]));
      for (const ports of scopes) await reconcile(newRun()!, { ...emptyScope(), ports });
      return null;
    }
    case "clear":
      index = undefined;
      await etcd.delete().prefix("/calico/");
      // Else etcd's index goes on holding a tombstone for each key, and an empty etcd is not empty.
      await compactedBytes(etcdUrl);
      return null;
    case "bareWrite":
      return await writeBare();
    case "bareRead":
      return await readBare();
    case "heap":
      return null;
  }
}

await answerAll<Question>(async (question) => {
  if (question.do === "bareWrite") {
    const source = connect(question.from);
    const snapshot = await readSnapshot(source, "/calico/");
    items = snapshot.items.map(({ key, value }) => [key, value.toString()]);
    source.close();
  }
  if (question.do === "heap") {
    (globalThis as { gc?: () => void }).gc?.();
    const MIB = 2 ** 20;
    const { packedBytes = 0, ownBytes = 0 } = index ?? {};
    return {
      heapMiB: Deno.memoryUsage().heapUsed / MIB,
      packedMiB: packedBytes / MIB,
      besideMiB: ownBytes / MIB,
    };
  }
  const measured = await measure(() => act(question));
  items = []; // the floor's reads would be slow beside all values of a large cloud
  return measured;
});
etcd.close();
Deno.exit(0);
