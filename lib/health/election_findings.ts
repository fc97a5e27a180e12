/** What is wrong with the election, as this node sees it. Pure. @module */
import type { Facts } from "./facts.ts";
import type { Finding, FindingOf } from "./findings.ts";
import { isUp } from "./roles.ts";

/** The findings on who leads. */
export function electionFindings(facts: Facts): Finding[] {
  const { election, isMaster, mastership, roles } = facts;
  if (!election) return [{ kind: "election-unknown", level: "warn" }];
  const { problem, state, leader } = election;
  const manager = roles.find(({ name }) => name === "manager");
  const found: Finding[] = [];
  if (problem && !manager?.problem) { // else the manager says the same
    found.push({ kind: "election-problem", level: "error", problem });
  }
  if (state === "leader" && !isMaster) {
    const kind = mastership ? "mastership-over" : "mastership-unpublished";
    found.push({ kind, level: "error" });
  }
  if (leader !== null || problem) return found;
  // A manager that stops or is down sees no leader, which says nothing of the cloud.
  if (state === "stopping" || (manager?.process && !isUp(manager))) {
    found.push({ kind: "election-unknown", level: "warn" });
  } else if (state === "starting") found.push({ kind: "election-starting", level: "warn" });
  else found.push(noLeader(facts));
  return found;
}

/** Nobody leads: since when, and on whose word. */
function noLeader({ node: { name: here }, cluster, at }: Facts): FindingOf<"no-leader"> {
  const common = { kind: "no-leader", level: "error", here, at } as const;
  const nodes = cluster?.nodes.map(({ name }) => name) ?? [];
  const term = cluster?.terms[0];
  if (!term) return { ...common, last: null, nodes };
  const { node, end, reason, until } = term;
  if (end !== null) {
    return { ...common, last: { node, since: end, word: "history", reason }, nodes };
  }
  const last = until === undefined || until > at
    ? null
    : { node, since: until, word: "lease", reason } as const;
  return { ...common, last, nodes };
}
