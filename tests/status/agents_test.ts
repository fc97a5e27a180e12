import { assertEquals } from "../support/assert.ts";
import { Agents } from "../../lib/status/agents.ts";

const NOW = Date.UTC(2026, 0, 1);
const status = (time: number | null, firstUpdate = false) => ({
  time,
  uptimeSeconds: 1,
  firstUpdate,
});

Deno.test("a start is said once; when that report fails it is said again, whatever came meanwhile", () => {
  const agents = new Agents();
  agents.seen("h1", status(NOW, true));
  agents.seen("h1", status(NOW + 1));
  assertEquals([agents.takeStart("h1"), agents.takeStart("h1")], [true, false]);
  agents.seen("h1", status(NOW + 2)); // while the report was on its way
  agents.returnStart("h1");
  assertEquals([agents.takeStart("h1"), agents.takeStart("h1")], [true, false]);
  agents.gone("h1");
  agents.returnStart("h1");
  assertEquals([agents.takeStart("h1"), agents.size], [false, 0]);
});

Deno.test("the stalest agents come first, no more than are asked for; all are counted", () => {
  const agents = new Agents();
  agents.seen("new", status(NOW));
  agents.seen("unreadable", status(null));
  agents.seen("old", status(NOW - 400_000));
  agents.reported("old", NOW - 1);
  assertEquals(agents.stalest(2).map(({ host, reportedAt }) => [host, reportedAt]), [
    ["unreadable", null],
    ["old", NOW - 1],
  ]);
  assertEquals(agents.byFreshness(NOW), { fresh: 1, late: 0, stale: 1, unreadable: 1 });
});
