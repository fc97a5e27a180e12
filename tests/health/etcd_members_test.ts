/** Members of etcd that do not answer: warned of while others do, grave when none does. */
import { families } from "../../lib/diagnostics/metrics.ts";
import { membersNow } from "../../lib/health/etcd_members.ts";
import { facts, NOW, status } from "../diagnostics/fixtures.ts";
import { assertEquals } from "../support/assert.ts";

/** The record of the manager with the members of these numbers silent for two minutes. */
function silent(...numbers: number[]) {
  const record = facts().etcdMembers!;
  const members = record.members.map((member, i) =>
    numbers.includes(i + 1)
      ? { ...member, silentSince: NOW - 120_000, error: "connection refused" }
      : member
  );
  return { ...record, members };
}

const said = (changes: Parameters<typeof status>[0]) =>
  status(changes).findings.map(({ level, text, link }) => [level, text, link]);

Deno.test("a member that does not answer is a warning while another does", () => {
  assertEquals(said({}), []);
  assertEquals(said({ etcdMembers: silent(2) }), [[
    "warn",
    "2 of 3 etcd members answer; https://etcd-2:2379 does not since 14:00 UTC: connection refused.",
    "/election",
  ]]);
  assertEquals(status({ etcdMembers: silent(2) }).verdict.kind, "etcd-members");
  assertEquals(status({ etcdMembers: silent(2) }).ready, true);
  assertEquals(said({ etcdMembers: silent(1, 3) }), [[
    "warn",
    "1 of 3 etcd members answers; https://etcd-1:2379 (and 1 more) do not since 14:00 UTC: " +
    "connection refused.",
    "/election",
  ]]);
  assertEquals(said({ etcdMembers: silent(1, 2, 3) })[0]?.[0], "error");
});

Deno.test("a standby tells of its members as well", () => {
  const election = { ...facts().election!, state: "follower" as const };
  assertEquals(said({ isMaster: false, election, etcdMembers: silent(3) })[0]?.[0], "warn");
});

Deno.test("a single member is the election's to tell of", () => {
  const { members, ...record } = silent(1);
  assertEquals(said({ etcdMembers: { ...record, members: members.slice(0, 1) } }), []);
});

Deno.test("what was found long ago says nothing of now, neither in words nor in metrics", () => {
  const up = (etcdMembers: ReturnType<typeof silent> | null) =>
    families(status({ etcdMembers }), {}).find(({ name }) => name === "etcd_member_up")!.samples
      .map(({ labels, value }) => [labels.member, value]);
  assertEquals(up(silent(2)), [
    ["https://etcd-1:2379", 1],
    ["https://etcd-2:2379", 0],
    ["https://etcd-3:2379", 1],
  ]);
  const old = { ...silent(2), at: NOW - 45_001 };
  assertEquals([said({ etcdMembers: old }), up(old), up(null)], [[], [], []]);
  assertEquals(membersNow(status({ etcdMembers: { ...old, at: NOW - 45_000 } })).length, 3);
});
