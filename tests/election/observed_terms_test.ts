import { TermObservations } from "../../lib/election/observed_terms.ts";
import type { RawElectionKey, TermRecord } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

const key = (createRevision: string, value: string, left: number | null): RawElectionKey => ({
  key: "/k",
  value,
  createRevision,
  modRevision: createRevision,
  version: "1",
  lease: "7",
  leaseGrantedSeconds: 60,
  leaseLeftSeconds: left,
});
const own = (term: string, more: Partial<TermRecord> = {}): TermRecord => ({
  term,
  node: "node-1",
  id: "node-1:7",
  start: 0,
  end: null,
  reason: null,
  ...more,
});
const shown = (found: ReturnType<TermObservations["look"]>) =>
  found.map(({ does, record: { term, node, start, end, until } }) => [
    does,
    term,
    node,
    start,
    end,
    until,
  ]);

Deno.test("a term of a driver that writes none is told as that driver's, from when it was seen", () => {
  const looks = new TermObservations("node-2");
  const python = key("5", "ctl-9:41", 60);
  assertEquals(looks.look(python, [], 1000), []);
  assertEquals(looks.isPending, true, "its own node may still write it");
  assertEquals(shown(looks.look(python, [], 4000)), [
    ["begin", "5", "ctl-9 (another driver)", 1000, null, 64_000],
  ]);
  assertEquals(looks.isPending, false);
});

Deno.test("a term that its node has written is only extended, not at each look", () => {
  const looks = new TermObservations("node-2");
  const mine = key("5", "node-1:7", 15);
  const [extended] = looks.look(mine, [own("5")], 1000);
  assertEquals(shown([extended!]), [["extend", "5", "node-1", 0, null, 16_000]]);
  assertEquals(looks.look(mine, [extended!.record], 5000), []);
  assertEquals(looks.look(key("5", "node-1:7", null), [extended!.record], 50_000), []);
  assertEquals(looks.look(mine, [own("5", { end: 3 })], 5000), [], "it is ended already");
});

Deno.test("a term ends when its key is seen to go, else when its lease did at the latest", () => {
  const watching = new TermObservations("node-2");
  watching.look(key("5", "node-1:7", 15), [own("5", { until: 16_000 })], 10_000);
  assertEquals(shown(watching.look(null, [own("5", { until: 16_000 })], 19_000)), [
    ["end", "5", "node-1", 0, 19_000, 16_000],
  ]);
  const later = new TermObservations("node-2");
  assertEquals(shown(later.look(null, [own("5", { until: 16_000 })], 90_000)), [
    ["end", "5", "node-1", 0, 16_000, 16_000],
  ]);
  // Whoever was paused did not watch.
  const paused = new TermObservations("node-2");
  paused.look(key("5", "node-1:7", 15), [own("5", { until: 16_000 })], 10_000);
  assertEquals(shown(paused.look(null, [own("5", { until: 16_000 })], 90_000)), [
    ["end", "5", "node-1", 0, 16_000, 16_000],
  ]);
});

Deno.test("no dead node is credited with the time without a leader, or with another's", () => {
  const looks = new TermObservations("node-2");
  const dead = own("5", { until: 16_000 });
  assertEquals(looks.endedBy(dead, 90_000).end, 16_000);
  assertEquals(looks.endedBy(own("5"), 90_000).end, 90_000, "nothing more is known of it");
  const found = looks.look(key("9", "ctl-9:41", 60), [dead], 90_000);
  assertEquals(shown(found), [["end", "5", "node-1", 0, 16_000, 16_000]]);
  // What is newer than the key that was read is not judged by it.
  assertEquals(looks.look(key("9", "ctl-9:41", 60), [own("9"), own("12")], 91_000).length, 1);
});

Deno.test("an observer's word says whose it is, and how the key went", () => {
  const looks = new TermObservations("node-2");
  const open = own("5", { until: 16_000 });
  looks.look(key("5", "node-1:7", 15), [open], 10_000);
  const { record } = looks.look(null, [open], 19_000, "812")[0]!;
  assertEquals([record.endBy, record.keyGone], [
    "observer",
    { at: 19_000, by: "node-2", how: "seen", revision: "812" },
  ]);
  const late = new TermObservations("node-3").endedBy(open, 90_000);
  assertEquals(late.keyGone, { at: 16_000, by: "node-3", how: "lease" });
  const unknown = new TermObservations("node-3").endedBy(own("5"), 90_000);
  assertEquals([unknown.endBy, unknown.keyGone], ["observer", undefined], "nothing was seen");
});

Deno.test("of a term that its own node has ended, when the key went is added once, by who saw it", () => {
  const ended = own("5", { end: 12_000, reason: "not refreshed", endBy: "leader", until: 30_000 });
  const looks = new TermObservations("node-2");
  looks.look(key("5", "node-1:7", 15), [ended], 13_000);
  const { does, record } = looks.look(null, [ended], 28_000, "9")[0]!;
  const keyGone = { at: 28_000, by: "node-2", how: "seen", revision: "9" };
  assertEquals([does, record], ["gone", { ...ended, keyGone } as TermRecord]);
  const again = new TermObservations("node-2");
  again.look(key("5", "node-1:7", 15), [record], 13_000);
  assertEquals(again.look(null, [record], 28_000), [], "once");
  assertEquals(new TermObservations("x").look(null, [ended], 28_000), [], "who did not see it");
});
