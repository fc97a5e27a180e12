/**
 * Objects, and parts of them, that are not in etcd as they are in Neutron: what Calico cannot express, what
 * is not understood, what etcd does not take. As the resyncs of this node have told in its state directory.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { Clock } from "../base/clock.ts";
import { formatDuration } from "../base/format.ts";
import { type HeldLeftOut, standing } from "../health/held.ts";
import { comparedAll } from "../state/records.ts";
import { KV_FILE } from "../process/state_files.ts";
import { StateStore } from "../state/store.ts";
import { isConcern, leftOutClause } from "../sync/report/held_text.ts";
import { type Check, type Finding, named, ok, skipped, type Verdict, warning } from "./check.ts";

const NAME = "objects left out";
const MAX_NAMES = 3;
const MAX_NAME_CHARS = 120;

const ADVICE: Readonly<Record<HeldLeftOut["why"], string>> = {
  "not-expressible": "replace them in Neutron by what Calico has (docs/compatibility.md)",
  "not-understood": "mend them in Neutron; the page of that resync names them",
  "too-large": "make them smaller in Neutron: fewer rules or pairs",
  "bad-key": "give them other names in Neutron",
  "outside-subnets": "",
};

/** The check of what the last resyncs left out. */
export function leftOutCheck(stateDir: string, clock: Clock): Check {
  return {
    name: NAME,
    advice: "is the state directory readable?",
    run: () => checkLeftOut(stateDir, clock),
  };
}

async function checkLeftOut(stateDir: string, clock: Clock): Promise<Verdict | Finding[]> {
  if (!await Deno.stat(`${stateDir}/${KV_FILE}`).then(() => true, () => false)) {
    return skipped("nothing has run with this state directory");
  }
  using store = await StateStore.open(stateDir);
  const resyncs = await store.readResyncs();
  const writing = resyncs.filter(({ dryRun }) => !dryRun);
  const known = writing.some(comparedAll) ? writing : resyncs;
  const last = known.find(comparedAll);
  if (!last) return skipped("no resync of this node has compared everything yet");
  const left = standing(known).leftOut.filter(isConcern);
  const when = `last full resync of this node: ${formatDuration(clock.now() - last.endedAt!)} ago`;
  if (left.length === 0) return ok(`none (${when})`);
  return left.map((each) => named(NAME, warning(`${describe(each)} (${when})`, ADVICE[each.why])));
}

/** How many of what, why, and the first of them. */
function describe(left: HeldLeftOut): string {
  const names = left.names.slice(0, MAX_NAMES).map((name) => clip(name, MAX_NAME_CHARS));
  const more = left.total - names.length;
  const rest = more > 0 ? `; and ${more.toLocaleString("en-US")} more` : "";
  return `${leftOutClause(left)}: ${names.join("; ")}${rest}`;
}
