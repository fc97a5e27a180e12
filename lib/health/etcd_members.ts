/** What is known now of etcd's members. Pure. @module */
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { MEMBERS_OLD_MS } from "./limits.ts";

/** The members as they are now; none when the manager has not asked them for a while. */
export function membersNow({ etcdMembers, at }: Pick<Facts, "etcdMembers" | "at">) {
  return etcdMembers && at - etcdMembers.at <= MEMBERS_OLD_MS ? etcdMembers.members : [];
}

/**
 * Members that do not answer, beside others: as long as one answers, a quorum does, and nothing stands still.
 * A single one is the election's to tell of.
 */
export function memberFindings(facts: Facts): Finding[] {
  const members = membersNow(facts);
  const silent = members.filter(({ silentSince }) => silentSince !== null);
  if (silent.length === 0 || members.length === 1) return [];
  const level = silent.length === members.length ? "error" : "warn";
  return [{ kind: "etcd-members", level, total: members.length, silent, at: facts.at }];
}
