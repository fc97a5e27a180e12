/**
 * Which of some objects have keys in etcd that are not as Neutron wants them. Nothing is written: etcd is read
 * after Neutron here, so that what differs is no more than a reason to look at the object by its name, which
 * reads etcd first (`named.ts`).
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../../calico/keys.ts";
import { changeOf } from "../apply/change_of.ts";
import { readStored } from "../apply/read_stored.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import type { ObjectOf } from "../model/collections.ts";
import { COLLECTION_OF, type Keyed, KINDS } from "../model/kinds.ts";
import type { Desired } from "../model/translate.ts";
import { Translation } from "../sources/translation.ts";

/** Objects of a collection with keys, as listed. */
type Objects<C extends Keyed> = readonly ObjectOf<C>[];

/** Ids of those whose keys differ. One that cannot be translated is not among them: it is named, and stays. */
export async function differing<C extends Keyed>(
  run: SyncRun,
  collection: C,
  objects: Objects<C>,
): Promise<Set<string>> {
  const refused = new Set<string>();
  const wanted = translate(new Translation(run, refused), collection, objects);
  const keys = new Map<string, string>();
  for (const { id } of objects) {
    if (refused.has(id)) continue;
    for (const key of keysOf(run, collection, id)) keys.set(key, id);
  }
  for (const { key, subject } of wanted) keys.set(key, subject.id);
  const kind = KINDS.findLast((kind) => COLLECTION_OF[kind] === collection)!;
  const stored = await readStored(run, kind, [...keys.keys()]);
  run.kinds[kind].etcdItems += stored.size;
  const found = new Set<string>();
  const isWanted = new Set<string>();
  const right: Desired[] = [];
  for (const want of wanted) {
    isWanted.add(want.key);
    // What a missing key would keep of another one does not matter: it differs.
    if (changeOf(run, want, stored.get(want.key), undefined) === null) right.push(want);
    else found.add(want.subject.id);
    await run.breathe();
  }
  for (const [key, id] of keys) if (stored.has(key) && !isWanted.has(key)) found.add(id);
  // An address that its endpoint shows and Neutron does not is looked into with all else.
  for (const id of run.doubtfulAddresses.keys()) found.add(id);
  run.doubtfulAddresses.clear();
  for (const { kind, subject } of right) {
    if (found.has(subject.id)) continue; // it is counted when it is looked at
    run.kinds[kind].neutronItems++;
    run.kinds[kind].correct++;
  }
  return found;
}

function translate<C extends Keyed>(
  translation: Translation,
  collection: C,
  objects: Objects<C>,
): Desired[] {
  const of: { readonly [K in Keyed]: (objects: Objects<K>) => Desired[] } = {
    "subnets": (subnets) => translation.subnets(subnets),
    "security-groups": (groups) => translation.groups(groups),
    "ports": (ports) => translation.ports(ports).flat(),
  };
  return of[collection](objects);
}

/** Keys that stand for an object, whatever it wants. */
function keysOf({ deps, index }: SyncRun, collection: Keyed, id: string): Iterable<string> {
  if (collection === "ports") return index.keysOf(id);
  const kind = collection === "subnets" ? "Subnet" : "NetworkPolicy";
  return [policyOrSubnetKey(resourcePrefixes(deps.region), kind, id)];
}
