import type { Cluster, TermRecord } from "../../lib/state/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { facts, NOW, status } from "./fixtures.ts";
import { testApp, withoutIsolation } from "./test_app.ts";

const SECOND = 1000;
const EVIL = "<script>alert(1)</script>";
/** It gave up 60 s before the key was gone and the next one led; all is two hours ago. */
const GAVE_UP = NOW - 7_200_000;
const before: TermRecord = {
  term: "12",
  node: "node-2",
  id: "node-2:99",
  start: GAVE_UP - 600 * SECOND,
  end: GAVE_UP,
  reason: `not refreshed before the end of the lease; ${EVIL}`,
  endBy: "leader",
  keyGone: { at: GAVE_UP + 60 * SECOND, by: "node-1", how: "seen", revision: "812" },
};
const after: TermRecord = {
  term: "77",
  node: "node-1",
  id: "node-1:4242",
  start: GAVE_UP + 61 * SECOND,
  end: null,
  reason: null,
};

function appOf(changes: Partial<Cluster> = {}) {
  const cluster: Cluster = {
    ...facts().cluster!,
    terms: [after, before],
    seen: [
      {
        is: "unread",
        from: GAVE_UP - 20 * SECOND,
        to: GAVE_UP + 55 * SECOND,
        term: null,
        id: null,
        why: EVIL,
      },
      { is: "restored", from: 5, to: 5, term: null, id: null, why: null },
    ],
    ...changes,
  };
  const app = testApp({ readStatus: () => Promise.resolve(status({ cluster })) });
  return async (path: string) => withoutIsolation(await (await app.request(path)).text());
}

const section = (html: string, id: string) =>
  html.match(new RegExp(`<section id="${id}".*?</section>`, "s"))![0];
const textOf = (html: string) =>
  html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ").replaceAll("&#39;", "'");

Deno.test("the election's page says when nobody led and what is known of why", async () => {
  const html = await appOf()("/election");
  const gaps = textOf(section(html, "election-gaps"));
  assertMatch(gaps, /2026-11-24 12:02:03 UTC 2026-11-24 12:03:04 UTC 1 min 1 s /);
  assertMatch(gaps, /12:02:03 UTC node-2 gave up term 12: not refreshed before the end/);
  assertMatch(
    gaps,
    /key seen to be gone at 2026-11-24 12:03:03 UTC by node-1, etcd's revision 812/,
  );
  assertMatch(gaps, /12:01:43 UTC to 12:02:58 UTC this node saw: nothing: etcd did not answer/);
  assertMatch(gaps, /12:03:04 UTC node-1 was elected, term 77/);
  assert(!html.includes(EVIL), "what others wrote is escaped");
  const seen = textOf(section(html, "election-seen"));
  assertMatch(seen, /What node-1 saw of the key.*etcd went back: a backup was restored/);
  const terms = textOf(section(html, "election-history"));
  assertMatch(terms, /said by node-2 ; key seen to be gone/);
});

Deno.test("an end that others saw is told as theirs, also where nobody leads now", async () => {
  const { keyGone: _gone, ...rest } = before;
  const observed: TermRecord = { ...rest, endBy: "observer" };
  const html = await appOf({ terms: [observed] })("/election");
  const gaps = textOf(section(html, "election-gaps"));
  assertMatch(gaps, /goes on 2 h so far/);
  assertMatch(gaps, /was over, as seen at the election key: the manager that led has not told/);
  const old = await appOf({ terms: [observed], at: NOW - 600 * SECOND })("/election");
  assertMatch(textOf(section(old, "election-gaps")), /not known: read last at 2026-11-24 13:52:03/);
});

Deno.test("the axis is a day, an hour or ten minutes, with dates, and the gap is on it", async () => {
  const get = appOf();
  const day = section(await get("/election"), "election-history");
  assertMatch(textOf(day), /Who led from 2026-11-23 15:00 UTC to 2026-11-24 15:00 UTC/);
  const hour = section(await get("/election?span=hour"), "election-history");
  assertMatch(textOf(hour), /from 2026-11-24 13:05 UTC to 2026-11-24 14:05 UTC/);
  assert(!hour.includes('class="gap"'), "the gap was earlier");
  // A gap's row leads to an axis on which it is.
  const link = section(await get("/election"), "election-gaps").match(/href="([^"]+)"/)![1]!
    .replaceAll("&amp;", "&");
  assertEquals(link, "/election?span=10min&to=2026-11-24T12%3A08");
  const near = section(await get(link), "election-history");
  const [, width] = near.match(/<rect class="gap"[^>]* width="([\d.]+)"/)!;
  assertEquals(Number(width), Math.round(14400 * 61 / 600) / 10);
  assertMatch(near, /<title>Nobody led for [^<]*, 2026-11-24 12:02:03 UTC to /);
  for (const text of ["10 min", "‹ earlier", "later ›", "now"]) assert(near.includes(text), text);
  assertEquals((await get("/election?span=%3Cb%3E&to=x")).match(/<b>x/), null);
});

Deno.test("the API tells terms, the times between them, and what this node saw", async () => {
  const { terms, gaps, seen } = JSON.parse(await appOf()("/api/v1/terms"));
  assertEquals(terms[1].endBy, "leader");
  assertEquals([gaps.length, gaps[0].start, gaps[0].end], [1, before.end, after.start]);
  assertEquals(gaps[0].known.map(({ is }: { is: string }) => is), [
    "seen",
    "ended",
    "key-gone",
    "elected",
  ]);
  assertEquals(seen.length, 2);
});

Deno.test("how the nodes are configured is in their table, the API and the metrics", async () => {
  const node = facts().cluster!.nodes[0]!;
  const nodes = ["node-1", "node-2", "node-3", "node-4"].map((name) => ({ ...node, name }));
  const configurations = {
    same: ["node-3"],
    unknown: ["node-4"],
    differing: [
      { node: "node-2", differences: [{ what: "version", here: "1", there: EVIL }] },
      { node: "node-9", differences: [{ what: "region", here: "none", there: "one" }] },
    ],
  };
  const get = appOf({ nodes, configurations });
  const html = section(await get("/election"), "election-nodes");
  assert(!html.includes(EVIL));
  assertMatch(textOf(html), /node-2 .*differs in version \(1 here, &lt;script&gt;/);
  assertMatch(textOf(html), /node-3 .*as this node's/);
  assertMatch(textOf(html), /node-4 .*not known/);
  assertMatch(
    textOf(html),
    /node-9 serves the same Neutron and differs in region \(none here, one there/,
  );
  assertEquals(JSON.parse(await get("/api/v1/nodes")).configurations, configurations);
  const metrics = await get("/metrics");
  for (const [name, value] of [["node-2", 1], ["node-3", 0], ["node-9", 1]]) {
    assertMatch(metrics, new RegExp(`conductor_node_config_differs{node="${name}"} ${value}\n`));
  }
  assert(!metrics.includes('node="node-4"'), "what is not known has no value");
});

Deno.test("a leader whose clock is ahead leads, on every drawing", async () => {
  const get = appOf({ terms: [{ ...after, start: NOW + 3_600_000 }, before] });
  const html = await get("/election");
  assertMatch(textOf(section(html, "election-gaps")), /None of more than 1 s/);
  const history = section(html, "election-history");
  assertMatch(history, /aria-label="node-1 led in 1 term, 0 ms in all"/);
  const ahead = appOf({ terms: [{ ...after, start: NOW + 3_600_000 }] });
  assertMatch(await ahead("/"), /aria-label="node-1 led in 1 term/);
});

Deno.test("only this node is called this node, however long a name is, and however many differ", async () => {
  const node = facts().cluster!.nodes[0]!;
  const long = "n".repeat(80);
  const nodes = ["node-1", long, "node-3"].map((name) => ({ ...node, name }));
  const configurations = { same: ["n".repeat(62) + "…"], unknown: [], differing: [] };
  const html = section(await appOf({ nodes, configurations })("/election"), "election-nodes");
  const last = [...html.matchAll(/<td class="wide">(.*?)<\/td>/g)].map(([, cell]) => textOf(cell!));
  assertEquals(last.map((text) => text.trim()), ["this node", "as this node's", "–"]);
});
