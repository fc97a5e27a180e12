/** The order of findings: the worst first, and what is the reason of others before these. Pure. @module */
import type { Finding, FindingKind } from "./findings.ts";

/** What is worse than anything that a single role can have. */
const FIRST: readonly FindingKind[] = ["etcd-alarm", "no-leader", "leader-unseen"];

/** What takes nothing away now, and may do so when another node leads. */
const LAST: readonly FindingKind[] = ["node-config-differs"];

/** Errors before warnings; among these as above, and else as they were found. */
export function worstFirst(found: readonly Finding[]): Finding[] {
  const failed = found.some(({ kind }) => kind === "resync-failed");
  const said: Finding[] = [];
  const rest = found.filter((finding) => {
    const same = failed && saysResync(finding);
    if (same) said.push(finding);
    return !same;
  });
  // The syncer says the same with less: not that it tries again, and how far it is.
  const all = rest.flatMap((finding) =>
    finding.kind === "resync-failed" ? [finding, ...said] : [finding]
  );
  const rank = ({ level, kind }: Finding) => {
    const first = FIRST.indexOf(kind);
    const place = first < 0 ? FIRST.length + Number(LAST.includes(kind)) : first;
    return (level === "error" ? 0 : 10) + place;
  };
  return all.sort((a, b) => rank(a) - rank(b));
}

function saysResync(finding: Finding): boolean {
  return finding.kind === "role" && finding.role === "resource-syncer" &&
    finding.problem.is === "reported";
}
