import { families } from "../../lib/diagnostics/metrics.ts";
import type { DatabaseSize } from "../../lib/state/records.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { facts, NOW, status } from "../diagnostics/fixtures.ts";

const withMember = (change: Partial<DatabaseSize>, at = NOW) => {
  const [first, ...others] = facts().databases!.members;
  return status({ databases: { at, members: [...others, { ...first!, ...change }] } });
};

Deno.test("an alarm is an error, a quota that is nearly used up a warning; what is old says nothing", () => {
  assertEquals(status().verdict.level, "ok");
  const full = withMember({ alarms: ["NOSPACE"], sizeBytes: 2 ** 31, inUseBytes: 2 ** 30 });
  assertEquals(full.verdict.level, "error");
  assertMatch(
    full.verdict.detail!,
    /etcd is full .*https:\/\/etcd-1:2379: 2048 MiB of a quota of 2048 MiB, 50 % of it free/,
  );
  assertMatch(full.verdict.detail!, /then etcdctl alarm disarm/);
  const corrupt = withMember({ alarms: ["CORRUPT"] });
  assertMatch(corrupt.verdict.text, /raised the alarm CORRUPT/);
  const both = withMember({ alarms: ["NOSPACE", "CORRUPT"] }).verdict.detail!;
  assertMatch(both, /etcd is full .*: see etcd's log; disarm nothing before you know why\.$/);
  const nearly = withMember({ sizeBytes: 0.9 * 2 ** 31 });
  assertEquals([nearly.verdict.level, nearly.verdict.kind], ["warn", "etcd-nearly-full"]);
  assertEquals(withMember({ quotaBytes: null, sizeBytes: 2 ** 40 }).verdict.level, "ok");
  assertEquals(withMember({ alarms: ["NOSPACE"] }, NOW - 600_000).verdict.level, "ok");
});

Deno.test("the metrics show what is known of each member", () => {
  const problem = "it does not answer";
  const unknown = { sizeBytes: null, inUseBytes: null, quotaBytes: null, problem };
  const all = families(withMember(unknown), {});
  const samplesOf = (name: string) => all.find((family) => family.name === name)!.samples;
  for (const name of ["size_bytes", "in_use_bytes", "quota_bytes", "alarm"]) {
    const members = samplesOf(`etcd_database_${name}`).map(({ labels }) => labels.member);
    assertEquals(members, ["https://etcd-2:2379", "https://etcd-3:2379"], name);
  }
});
