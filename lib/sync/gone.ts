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
 * What Neutron has announced as deleted and does not show by its id needs no further proof.
 *
 * @module
 */
import { floatingIpSchema, revisionSchema } from "../openstack/records.ts";
import { type Collection, whyHeld } from "./guard.ts";
import type { Followed, Memory } from "./memory.ts";
import type { Pass } from "./pass.ts";

/** Witnesses that are tried before the answer is given up. */
const MAX_WITNESSES = 3;

/** What is known beside the ids. */
export interface Doubt {
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

/** Those of the ids, none of which was listed, that are certainly gone; the others are accounted for. */
export async function certainlyGone(
  pass: Pass,
  memory: Memory,
  collection: Followed,
  ids: readonly string[],
  doubt: Doubt,
): Promise<ReadonlySet<string>> {
  const gone = new Set(ids.filter((id) => pass.options.announced?.has(id)));
  const rest = ids.filter((id) => !gone.has(id));
  if (rest.length === 0) return gone;
  if (!pass.options.allowDeletions && await isIncomplete(pass, collection, rest, doubt)) {
    return gone;
  }
  const kept = new Set<string>();
  for (const id of await confirmed(pass, memory, collection, rest, kept)) gone.add(id);
  if (kept.size > 0) {
    const held = { collection, held: doubt.held, lost: kept.size, names: [...kept] };
    pass.hold({ ...held, why: "unconfirmed" });
  }
  return gone;
}

/** Whether the collection is not seen whole, so that nothing of it may be deleted; the pass is told why. */
async function isIncomplete(
  pass: Pass,
  collection: Followed,
  ids: readonly string[],
  doubt: Doubt,
): Promise<boolean> {
  if (pass.holds(collection)) return true;
  const { held } = doubt;
  const loss = { ...doubt, lost: ids.length };
  const why = whyHeld(loss, pass.deps.maxDeletions ?? null);
  if (why !== null) {
    pass.hold({ collection, why, held, lost: ids.length, names: [...ids] });
    return true;
  }
  const hidden = doubt.hidden ?? await namedByOthers(pass, collection, ids);
  if (hidden.size === 0) return false;
  holdHidden(pass, collection, held, hidden);
  return true;
}

/** Neutron does not show objects that others name: it hides some from us. */
export function holdHidden(
  pass: Pass,
  collection: Collection,
  held: number,
  hidden: ReadonlySet<string>,
): void {
  pass.hold({ collection, why: "hidden", held, lost: hidden.size, names: [...hidden] });
}

/** Asks by id; what is there, or may be, goes into `kept`. */
async function confirmed(
  pass: Pass,
  memory: Memory,
  collection: Followed,
  ids: readonly string[],
  kept: Set<string>,
): Promise<ReadonlySet<string>> {
  const { neutron, progress } = pass.deps;
  const { signal } = pass.term;
  const gone = new Set<string>();
  const doubtful = new Set(ids);
  const witnesses = doubtful.size === 0 ? [] : await findWitnesses(pass, memory, collection, ids);
  for (const witness of witnesses.length > 0 ? witnesses : [null]) {
    if (doubtful.size === 0) break;
    progress("resync: confirming deletions");
    const answer = await neutron.confirmGone(collection, signal, [...doubtful], witness);
    for (const id of answer.gone) {
      gone.add(id);
      doubtful.delete(id);
    }
    for (const id of answer.there) {
      kept.add(id);
      doubtful.delete(id);
    }
  }
  // Nobody vouches for the answer; an operator has said that it is believed.
  for (const id of doubtful) (pass.options.allowDeletions ? gone : kept).add(id);
  return gone;
}

/** Ids of objects that are known to exist: as remembered, else as Neutron lists them first. */
async function findWitnesses(
  pass: Pass,
  memory: Memory,
  collection: Followed,
  ids: readonly string[],
): Promise<string[]> {
  const doubtful = new Set(ids);
  const found: string[] = [];
  for (const [id] of memory.revisions[collection]) {
    if (!doubtful.has(id)) found.push(id);
    if (found.length === MAX_WITNESSES) return found;
  }
  if (found.length > 0) return found;
  const pages = pass.deps.neutron.pages(collection, revisionSchema, pass.term.signal, {
    fields: ["id", "revision_number"],
  });
  for await (const { items } of pages) {
    found.push(...items.map(({ id }) => id).filter((id) => !doubtful.has(id)));
    if (found.length > 0) break;
  }
  return found.slice(0, MAX_WITNESSES);
}

/** Those that another object names: a port its groups and subnets, a floating IP its port. */
async function namedByOthers(
  pass: Pass,
  collection: Followed,
  ids: readonly string[],
): Promise<Set<string>> {
  const { neutron } = pass.deps;
  const { signal } = pass.term;
  if (collection === "ports") {
    const fips = await neutron.listBy("floatingips", floatingIpSchema, signal, "port_id", ids);
    return new Set(fips.items.map(({ port_id }) => port_id!));
  }
  const filter = NAMED_IN.get(collection);
  const named = new Set<string>();
  for (const id of filter ? ids : []) {
    const [field, value] = filter!(id);
    const fields = ["id", "revision_number"];
    const ports = await neutron.listBy("ports", revisionSchema, signal, field, [value], fields);
    if (ports.items.length + ports.refused.length > 0) named.add(id);
  }
  return named;
}

/** The filter of ports that name an object, by its collection. */
const NAMED_IN: ReadonlyMap<string, (id: string) => [field: string, value: string]> = new Map([
  ["subnets", (id) => ["fixed_ips", `subnet_id=${id}`]],
  ["security-groups", (id) => ["security_groups", id]],
]);
