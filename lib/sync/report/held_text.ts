/**
 * Sentences about what a run held back and which objects it left: the same on the page, in the log and in
 * the terminal. They hold counts and no running times. Pure.
 *
 * @module
 */
import { clip } from "../../base/clip.ts";
import type { Guard, LeftOut } from "../../state/records.ts";
import { COLLECTIONS } from "../model/collections.ts";
import { COLLECTION_OF } from "../model/kinds.ts";

/** Longest name in a sentence, with what is wrong with it. */
const MAX_NAME_CHARS = 200;

/** One of them, and several. */
type Words = readonly [one: string, several: string];

const WORDS: ReadonlyMap<string, Words> = new Map([
  ...Object.entries(COLLECTIONS).map(([name, { words }]) => [name, words] as const),
  ["security-group-rules", ["security group rule", "security group rules"]],
  ["allowed-address-pairs", ["allowed address pair", "allowed address pairs"]],
]);
/** Collections whose objects have keys of their own; of others something is shown at most. */
const STORED: ReadonlySet<string> = new Set(Object.values(COLLECTION_OF));

/** Objects of a collection in words: "1 port", "117 security groups". */
function objectsOf(collection: string, n: number): string {
  return `${n.toLocaleString("en-US")} ${nameOf(collection, n)}`;
}

/** What a guard held back, why, and what to do. */
export function guardSentence(guard: Guard): string {
  return `Held back: ${reasonOf(guard)}, so ${consequenceOf(guard)}. ${REMEDIES[guard.why]}.`;
}

/** Why a guard held, with counts. */
export function reasonOf({ why, collection, held, lost }: Guard): string {
  const service = serviceOf(collection);
  const things = nameOf(collection, held);
  const all = `${held.toLocaleString("en-US")} ${things}`;
  const some = lost.toLocaleString("en-US");
  switch (why) {
    case "empty":
      return `${service} shows none of the ${all} that etcd has`;
    case "many":
      return `${service} shows ${Math.max(0, held - lost).toLocaleString("en-US")} of ${all}, ` +
        "fewer than max_deletions allows";
    case "hidden":
      return `${service} does not show ${some} of ${all}, though other objects name such`;
    case "unconfirmed":
      return `${service} did not say for certain that ${some} of ${all} are gone`;
  }
}

function consequenceOf({ collection, lost }: Guard): string {
  const some = lost.toLocaleString("en-US");
  return STORED.has(collection)
    ? `nothing of them is deleted (${some} would be)`
    : `what shows them stays as it is (${some} would be lost)`;
}

const LET_THROUGH = "if they are gone indeed, resync --allow-deletions lets it through once";
const REMEDIES = {
  empty: `Check that the service user may see them; ${LET_THROUGH}`,
  many: `Look at what is missing first; ${LET_THROUGH}`,
  hidden: `Check that the service user may see all of them; ${LET_THROUGH}`,
  unconfirmed: `The next resync asks again; ${LET_THROUGH}`,
} as const satisfies Record<Guard["why"], string>;

/** What is wrong with objects that were left, in short. */
export const LEFT_BECAUSE = {
  "not-understood": "not understood",
  "too-large": "too large for etcd",
  "bad-key": "without a key that can be used",
  "not-expressible": "cannot be expressed in Calico",
  "outside-subnets": "outside every subnet of the cloud",
} as const satisfies Record<LeftOut["why"], string>;

/** How many objects were left as they are in etcd, and why; without a full stop. */
export function leftOutClause({ why, collection, total }: LeftOut): string {
  return `${objectsOf(collection, total)} ${predicateOf(why, total)}`;
}

/** Which objects were left as they are in etcd, why, and the first of them. */
export function leftOutSentence(left: LeftOut): string {
  const { total, names: [first] } = left;
  const what = leftOutClause(left);
  if (first === undefined) return `${what}.`;
  const name = clip(first, MAX_NAME_CHARS).replace(/[.\s]+$/, "");
  return `${what}: ${name}${total > 1 ? ", and others" : ""}.`;
}

/** Whether somebody should look at it; an address outside the subnets may be as it should. */
export function isConcern({ why }: Pick<LeftOut, "why">): boolean {
  return why !== "outside-subnets";
}

function predicateOf(why: LeftOut["why"], total: number): string {
  if (why === "outside-subnets") {
    return `${total === 1 ? "is" : "are"} written, ${LEFT_BECAUSE[why]}`;
  }
  if (why === "not-expressible") return `${LEFT_BECAUSE[why]}, and less is allowed than in Neutron`;
  return total === 1
    ? `is left as it is, ${LEFT_BECAUSE[why]}`
    : `are left as they are, ${LEFT_BECAUSE[why]}`;
}

/** The first names and how many more there are: "a, b and 115 more"; empty when none is known. */
export function namesOf({ names, lost }: Guard, most: number): string {
  const shown = names.slice(0, most).map((name) => clip(name, 64));
  const more = Math.max(0, lost - shown.length);
  if (shown.length === 0 || more === 0) return shown.join(", ");
  return `${shown.join(", ")} and ${more.toLocaleString("en-US")} more`;
}

function serviceOf(collection: string): string {
  return collection === "projects" ? "Keystone" : "Neutron";
}

function nameOf(collection: string, n: number): string {
  const [one, several] = WORDS.get(collection) ?? ["object", "objects"];
  const word = n === 1 ? one : several;
  return WORDS.has(collection) ? word : `${word} of ${clip(collection, 40)}`;
}
