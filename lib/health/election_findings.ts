/** What is wrong with the election, as this node sees it. Pure. @module */
import type { Cluster, TermRecord } from "../state/records.ts";
import type { Facts } from "./facts.ts";
import type { Finding, FindingOf, LastTerm } from "./findings.ts";
import { isUp } from "./roles.ts";
import type { Status } from "./status.ts";

/**
 * Whether what the manager has said of the election is of now: one that was killed leaves behind what it saw last,
 * and while it is down the key may be anybody's.
 */
export function isElectionCurrent({ roles }: Pick<Facts, "roles">): boolean {
  const manager = roles.find(({ name }) => name === "manager");
  return !manager?.process || isUp(manager);
}

/** Who leads, in words: the election value, nobody, or that this is not known. */
export function whoLeads({ leader, findings }: Pick<Status, "leader" | "findings">): string {
  const isNobody = findings.some(({ kind }) => kind === "no-leader");
  return leader ?? (isNobody ? "nobody" : "not known");
}

/** The findings on who leads. */
export function electionFindings(facts: Facts): Finding[] {
  const { election, isMaster, mastership, roles } = facts;
  if (!election || !isElectionCurrent(facts)) {
    return isMaster ? [] : [{ kind: "election-unknown", level: "warn" }];
  }
  const { problem, state, leader } = election;
  const manager = roles.find(({ name }) => name === "manager");
  const found: Finding[] = [];
  if (problem && leader === null) found.push(unseen(facts, problem));
  else if (problem && !manager?.problem) { // else the manager says the same
    found.push({ kind: "election-problem", level: "error", problem });
  }
  if (state === "leader" && !isMaster) {
    const kind = mastership ? "mastership-over" : "mastership-unpublished";
    found.push({ kind, level: "error" });
  }
  if (leader !== null || problem) return found;
  // A manager that stops sees no leader, which says nothing of the cloud.
  if (state === "stopping") found.push({ kind: "election-unknown", level: "warn" });
  else if (state === "starting") found.push({ kind: "election-starting", level: "warn" });
  else found.push(noLeader(facts));
  return found;
}

function unseen(
  { node: { name: here }, cluster, at }: Facts,
  problem: string,
): FindingOf<"leader-unseen"> {
  const [last] = cluster?.seen ?? [];
  const since = last?.is === "unread" ? last.from : null;
  return { kind: "leader-unseen", level: "error", here, since, problem, at };
}

/** Nobody leads: since when, and on whose word. */
function noLeader({ node: { name: here }, cluster, at }: Facts): FindingOf<"no-leader"> {
  const common = { kind: "no-leader", level: "error", here, at } as const;
  const nodes = cluster?.nodes.map(({ name }) => name) ?? [];
  const term = cluster?.terms[0];
  if (!cluster || !term) return { ...common, last: null, nodes };
  return { ...common, last: endOf(term, cluster, here, at), nodes };
}

/** The end of the newest term, on the best word that there is. */
function endOf(term: TermRecord, { seen }: Cluster, here: string, at: number): LastTerm | null {
  const { node, end, endBy, keyGone, reason, until } = term;
  if (end !== null && endBy === "leader") {
    return { node, since: end, word: "led", by: node, reason };
  }
  if (keyGone) {
    const { at: since, how, by } = keyGone;
    return { node, since, word: how, by, reason };
  }
  if (end !== null) return { node, since: end, word: "history", by: here, reason };
  const [last] = seen ?? [];
  if (last?.is === "free") return { node, since: last.from, word: "seen", by: here, reason };
  if (until === undefined || until > at) return null;
  return { node, since: until, word: "lease", by: here, reason };
}
