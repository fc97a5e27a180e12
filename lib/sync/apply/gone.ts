/**
 * Which objects Neutron certainly does not have any more. Not being in a list is no proof: the list may be
 * short. Before anything is deleted
 *
 * - the loss is judged as a whole (`guard.ts`),
 * - what a listed object names (a port its security groups and subnets, a floating IP its port) is there,
 *   and when Neutron does not show even that by its id, it hides objects from us: nothing of that
 *   collection is deleted,
 * - the rest is asked for by id once more, in one request with a witness: an object that is known to exist.
 *   Only when the witness comes back does the answer say something about those that do not.
 *
 * A run that sees only a part leaves all of that to a later one (`RunOptions.later`).
 *
 * What Neutron has announced as deleted and does not show by its id needs no further proof.
 *
 * @module
 */
import { floatingIpSchema, REVISION_FIELDS, revisionSchema } from "../../openstack/records.ts";
import type { Followed } from "../model/collections.ts";
import { filtersBy } from "../model/naming.ts";
import { floatingIpsWithPorts } from "./floating_ports.ts";
import { subnetsOfNetworks } from "./subnets_of_networks.ts";
import type { SyncRun } from "./sync_run.ts";

/** Witnesses that are tried before the answer is given up. */
const MAX_WITNESSES = 3;

/** What is known of the collection beside the ids. */
export interface Doubt {
  readonly collection: Followed;
  /** Objects of the collection that etcd holds. */
  readonly held: number;
  /** Objects that Neutron listed in this run; null: there was no list. */
  readonly listed: number | null;
  /**
   * Objects that listed ones name and that Neutron does not show, even by their ids; null: that was not
   * looked at, and it is asked which other objects name the doubtful ones.
   */
  readonly hidden: ReadonlySet<string> | null;
}

/**
 * What has become of an object of which etcd holds keys that nothing wants. `moved`: it was found and wants
 * another key, as a port on another host: that is certain. `shrunk`: it was found and wants none any more.
 * `missing`: it was not found.
 */
export type Fate = "moved" | "shrunk" | "missing";

/** Ids of those whose unwanted keys may go; the others are accounted for. */
export async function deletable(
  run: SyncRun,
  { moved, shrunk, missing }: Readonly<Record<Fate, readonly string[]>>,
  doubt: Doubt,
): Promise<ReadonlySet<string>> {
  const { later } = run.options;
  if (later) {
    later(doubt.collection, [...missing, ...shrunk]);
    return new Set(moved);
  }
  const lost = split(run, missing);
  const doubtful = [...lost.doubtful, ...split(run, shrunk).doubtful];
  const isBelieved = run.believes(doubt.collection, doubt, doubtful);
  const gone = await provenGone(run, lost, doubt, isBelieved);
  return new Set([...moved, ...isBelieved ? shrunk : [], ...gone]);
}

/** Those of the ids, none of which was listed, that are certainly gone; the others are accounted for. */
export async function certainlyGone(
  run: SyncRun,
  ids: readonly string[],
  doubt: Doubt,
): Promise<ReadonlySet<string>> {
  const { later } = run.options;
  if (later) {
    later(doubt.collection, ids);
    return new Set();
  }
  const lost = split(run, ids);
  const isBelieved = run.holds(doubt.collection) ||
    run.believes(doubt.collection, doubt, lost.doubtful);
  return await provenGone(run, lost, doubt, isBelieved);
}

/** Ids of objects that were not found, parted by whether Neutron has announced that they are deleted. */
interface Lost {
  readonly announced: readonly string[];
  readonly doubtful: readonly string[];
}

function split({ options: { announced } }: SyncRun, ids: readonly string[]): Lost {
  return {
    announced: ids.filter((id) => announced?.has(id)),
    doubtful: ids.filter((id) => !announced?.has(id)),
  };
}

/** Those that are; when so many can be gone (`isBelieved`), each that was not announced needs a proof of its own. */
async function provenGone(
  run: SyncRun,
  { announced, doubtful }: Lost,
  doubt: Doubt,
  isBelieved: boolean,
): Promise<ReadonlySet<string>> {
  const gone = new Set(announced);
  if (!isBelieved || doubtful.length === 0) return gone;
  if (await isIncomplete(run, doubtful, doubt)) return gone;
  const kept = await confirm(run, doubt.collection, doubtful, gone);
  if (kept.length > 0) run.hold(doubt.collection, "unconfirmed", doubt.held, kept);
  return gone;
}

/** Whether the collection is not seen whole, so that nothing of it may be deleted; the run is told why. */
async function isIncomplete(
  run: SyncRun,
  ids: readonly string[],
  { collection, held, hidden }: Doubt,
): Promise<boolean> {
  if (run.options.allowDeletions) return false;
  if (run.holds(collection)) return true;
  const named = hidden ?? await namedByOthers(run, collection, ids);
  if (named.size > 0) run.hold(collection, "hidden", held, named);
  return named.size > 0;
}

/** Asks by id; what is certainly not there goes into `gone`, and the others, which are or may be, are returned. */
export async function confirm(
  run: SyncRun,
  collection: Followed,
  ids: readonly string[],
  gone: Set<string>,
): Promise<string[]> {
  const { deps: { neutron, progress }, term: { signal } } = run;
  const kept: string[] = [];
  const doubtful = new Set(ids);
  const witnesses = await findWitnesses(run, collection, doubtful);
  for (const witness of witnesses.length > 0 ? witnesses : [null]) {
    if (doubtful.size === 0) break;
    progress("confirming deletions");
    const answer = await neutron.confirmGone(collection, signal, [...doubtful], witness);
    for (const id of answer.gone) gone.add(id);
    kept.push(...answer.there);
    for (const id of [...answer.gone, ...answer.there]) doubtful.delete(id);
  }
  if (!run.options.allowDeletions) return [...kept, ...doubtful];
  // Nobody vouches for the answer; an operator has said that it is believed.
  for (const id of doubtful) gone.add(id);
  return kept;
}

/** Ids of objects that are known to exist: as the index has them, else as Neutron lists them first. */
async function findWitnesses(
  run: SyncRun,
  collection: Followed,
  doubtful: ReadonlySet<string>,
): Promise<string[]> {
  const found: string[] = [];
  for (const [id] of run.index.revisions[collection]) {
    if (!doubtful.has(id)) found.push(id);
    if (found.length === MAX_WITNESSES) return found;
  }
  if (found.length > 0) return found;
  const pages = run.deps.neutron.pages(collection, revisionSchema, run.term.signal, {
    fields: REVISION_FIELDS,
  });
  for await (const { items } of pages) {
    found.push(...items.map(({ id }) => id).filter((id) => !doubtful.has(id)));
    if (found.length > 0) break;
  }
  return found.slice(0, MAX_WITNESSES);
}

/** Those that another object names: a port its groups and subnets, a network its subnets, and so on. */
async function namedByOthers(
  run: SyncRun,
  collection: Followed,
  ids: readonly string[],
): Promise<Set<string>> {
  if (collection === "ports") {
    const fips = await run.listBy("floatingips", floatingIpSchema, "port_id", ids);
    return new Set(fips.items.map(({ port_id }) => port_id!));
  }
  if (collection === "floatingips") return await floatingIpsWithPorts(run, ids);
  const named = collection === "subnets" ? await subnetsOfNetworks(run, ids) : new Set<string>();
  const { shown } = run.index.table[collection];
  if (!shown?.portField || shown.foundBy !== "filter") return named;
  for (const id of ids) {
    for (const values of filtersBy(shown.portField, [id])) {
      const ports = await run.revisionsBy("ports", shown.portField, values);
      if (ports.items.length + ports.refused.length > 0) named.add(id);
    }
  }
  return named;
}
