import { OwnTerms, withAccount } from "../../lib/election/own_terms.ts";
import type { Leadership } from "../../lib/election/states.ts";
import type { TermAccount, TermRecord } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const leadership: Leadership = {
  lease: "1",
  term: "5",
  since: 1000,
  sent: { wall: 0, monotonic: 0, uptime: 0 },
};
const open: TermAccount = {
  term: "5",
  id: "node-1:7",
  start: 1000,
  end: null,
  reason: null,
  begun: false,
};
const over: TermAccount = { ...open, end: 29_000, reason: "not refreshed", begun: true };
const record: TermRecord = {
  term: "5",
  node: "node-1",
  id: "node-1:7",
  start: 1000,
  end: null,
  reason: null,
};
const observed: TermRecord = {
  ...record,
  end: 75_000,
  reason: "the key went",
  endBy: "observer",
  keyGone: { at: 75_000, by: "node-2", how: "seen", revision: "9" },
};

Deno.test("the word of the node that led replaces an observer's, and keeps what that saw", () => {
  assertEquals(withAccount(observed, over, "node-1"), {
    ...observed,
    end: 29_000,
    reason: "not refreshed",
    endBy: "leader",
  });
  const said = withAccount(record, over, "node-1")!;
  assertEquals([said.end, said.endBy], [29_000, "leader"]);
  assertEquals(withAccount(said, over, "node-1"), null, "nothing is left to say");
  assertEquals(withAccount(observed, open, "node-1"), null, "a late start ends no end");
});

Deno.test("a term that others took for another driver's is its own node's again", () => {
  const foreign = { ...record, node: "node-1 (another driver)", start: 4000, until: 9000 };
  assertEquals(withAccount(foreign, open, "node-1"), { ...record, until: 9000 });
  assertEquals(withAccount(foreign, over, "node-1")!.end, 29_000);
});

Deno.test("another term's record stays, and one whose start was refused is not made by its end", () => {
  assertEquals(withAccount({ ...record, id: "node-2:7" }, over, "node-1"), null);
  assertEquals(withAccount({ ...record, start: 7 }, over, "node-1"), null);
  assertEquals(withAccount(null, over, "node-1"), null);
  assertEquals(withAccount(null, { ...over, begun: false }, "node-1"), {
    ...record,
    end: 29_000,
    reason: "not refreshed",
    endBy: "leader",
  });
});

Deno.test("what could not be told is told by the next manager of the state directory", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const first = new OwnTerms("node-1:7", store);
  first.began(leadership);
  await first.ended(leadership, { why: "stopped" }, 29_000);
  const next = new OwnTerms("node-1:8", store);
  await next.load();
  assertEquals(next.untold, [{ ...open, end: 29_000, reason: "stopped in order" }]);
  await next.told(next.untold[0]!);
  const third = new OwnTerms("node-1:9", store);
  await third.load();
  assertEquals(third.untold, []);
});

Deno.test("of many that could not be told the newest stay, and can be read again", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const term = (term: number) => ({ ...leadership, term: String(term) });
  for (const [id, first] of [["node-1:7", 1], ["node-1:8", 21]] as const) {
    const own = new OwnTerms(id, store);
    await own.load();
    for (let n = first; n < first + 20; n++) await own.ended(term(n), { why: "stopped" }, 29_000);
  }
  const late = new OwnTerms("node-1:9", store);
  late.began(term(41));
  await late.load();
  await late.ended(term(41), { why: "stopped" }, 29_000);
  const next = new OwnTerms("node-1:10", store);
  await next.load();
  assertEquals(
    next.untold.map(({ term }) => term),
    Array.from({ length: 20 }, (_, i) => `${i + 22}`),
  );
});
