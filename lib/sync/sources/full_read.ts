/**
 * What a full resync reads before it compares: etcd's keys, and what endpoints and policies show of other
 * objects.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { resourcePrefixes } from "../../calico/keys.ts";
import { snapshotPages } from "../../etcd/snapshot.ts";
import { subjectOf } from "../model/compare.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { type Kind, KINDS, type Subject } from "../model/translate.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { followedIn, readEach } from "../model/collections.ts";

/** Keys alone are small: decoding so many does not hold up the event loop. */
const ETCD_PAGE = 2000;

/** A key whose bytes are no UTF-8, as other programs may have written it: it never is what it should be. */
export interface ForeignKey {
  readonly kind: Kind;
  readonly bytes: Buffer;
  readonly modRevision: string;
  /** Read as Latin-1: whose key it is; null: nobody's that we know. */
  readonly owner: Subject | null;
}

/** Notes every key with its mod revision, all at one revision; resolves to those that are no text. */
export async function readKeys(run: SyncRun, index: CloudIndex): Promise<ForeignKey[]> {
  const { etcd, progress, region } = run.deps;
  const prefixes = resourcePrefixes(region);
  const foreign: ForeignKey[] = [];
  let revision: string | undefined;
  for (const kind of KINDS) {
    const prefix = prefixes[kind];
    const options = { revision, pageSize: ETCD_PAGE, keysOnly: true, signal: run.term.signal };
    await run.timed(kind, "etcdReadMs", async () => {
      for await (const page of snapshotPages(etcd, prefix, options)) {
        progress("resync: reading etcd");
        revision ??= page.revision;
        run.kinds[kind].etcdItems += page.items.length;
        for (const { key, modRevision, notText } of page.items) {
          if (notText) {
            const name = notText.toString("latin1").slice(prefix.length);
            foreign.push({ kind, bytes: notText, modRevision, owner: subjectOf(kind, name) });
            continue;
          }
          const owner = subjectOf(kind, key.slice(prefix.length));
          if (!owner) continue; // somebody else's
          const row = index.keys[kind].seen(key, modRevision);
          if (kind === "WorkloadEndpoint") index.ports.addEndpoint(owner.id, row);
          else if (kind === "LiveMigration") index.ports.addKey(owner.id, key);
        }
        await run.breathe();
      }
    });
  }
  return foreign;
}

/** Reads and notes what endpoints and policies show of other objects; groups come page by page with ports. */
export async function readRelated(run: SyncRun, index: CloudIndex) {
  const { neutron, keystone, clock, progress } = run.deps;
  const { signal } = run.term;
  const onPage = () => progress("resync: reading Neutron");
  index.related.unavailable = neutron.extensions.unavailable;
  return await run.timed("WorkloadEndpoint", "neutronReadMs", async () => {
    const [lists, projects] = await Promise.all([
      readEach(
        followedIn(index.table).filter((name) => name !== "ports" && name !== "security-groups"),
        (name) => neutron.list(name, index.table[name].schema, signal, { onPage }),
      ),
      keystone.listProjects(signal),
    ]);
    index.noteAll(lists);
    index.projects(projects, clock.monotonic());
    const { refused } = keystone.projects;
    return { ...lists, projects: { items: projects, refused: [...refused] } };
  });
}
