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
  const looks = new TermObservations();
  const python = key("5", "ctl-9:41", 60);
  assertEquals(looks.look(python, [], 1000), []);
  assertEquals(looks.isPending, true, "its own node may still write it");
  assertEquals(shown(looks.look(python, [], 4000)), [
    ["begin", "5", "ctl-9 (another driver)", 1000, null, 64_000],
  ]);
  assertEquals(looks.isPending, false);
});

Deno.test("a term that its node has written is only extended, not at each look", () => {
  const looks = new TermObservations();
  const mine = key("5", "node-1:7", 15);
  const [extended] = looks.look(mine, [own("5")], 1000);
  assertEquals(shown([extended!]), [["extend", "5", "node-1", 0, null, 16_000]]);
  assertEquals(looks.look(mine, [extended!.record], 5000), []);
  assertEquals(looks.look(key("5", "node-1:7", null), [extended!.record], 50_000), []);
  assertEquals(looks.look(mine, [own("5", { end: 3 })], 5000), [], "it is ended already");
});

Deno.test("a term ends when its key is seen to go, else when its lease did at the latest", () => {
  const watching = new TermObservations();
  watching.look(key("5", "node-1:7", 15), [own("5", { until: 16_000 })], 10_000);
  assertEquals(shown(watching.look(null, [own("5", { until: 16_000 })], 19_000)), [
    ["end", "5", "node-1", 0, 19_000, 16_000],
  ]);
  const later = new TermObservations();
  assertEquals(shown(later.look(null, [own("5", { until: 16_000 })], 90_000)), [
    ["end", "5", "node-1", 0, 16_000, 16_000],
  ]);
  // Whoever was paused did not watch.
  const paused = new TermObservations();
  paused.look(key("5", "node-1:7", 15), [own("5", { until: 16_000 })], 10_000);
  assertEquals(shown(paused.look(null, [own("5", { until: 16_000 })], 90_000)), [
    ["end", "5", "node-1", 0, 16_000, 16_000],
  ]);
});

Deno.test("no dead node is credited with the time without a leader, or with another's", () => {
  const looks = new TermObservations();
  const dead = own("5", { until: 16_000 });
  assertEquals(looks.endOf(dead, 90_000), 16_000);
  assertEquals(looks.endOf(own("5"), 90_000), 90_000, "nothing more is known of it");
  const found = looks.look(key("9", "ctl-9:41", 60), [dead], 90_000);
  assertEquals(shown(found), [["end", "5", "node-1", 0, 16_000, 16_000]]);
  // What is newer than the key that was read is not judged by it.
  assertEquals(looks.look(key("9", "ctl-9:41", 60), [own("9"), own("12")], 91_000).length, 1);
});
