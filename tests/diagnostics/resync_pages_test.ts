import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { HOUR_MS } from "../../lib/state/records.ts";
import type { Difference } from "../../lib/sync/apply/difference_log.ts";
import type { JsonChange } from "../../lib/sync/apply/json_changes.ts";
import { details } from "./details_fixture.ts";
import type { Facts } from "../../lib/health/facts.ts";
import { NOW, resync, role, status } from "./fixtures.ts";
import { type Setup, testApp, withoutIsolation } from "./test_app.ts";

async function get(path: string, setup?: Setup): Promise<string> {
  return withoutIsolation(await (await testApp(setup).request(path)).text());
}

Deno.test("a retry that runs shows its step, and after which failure it is tried", async () => {
  const running = resync({
    startedAt: NOW - 5000,
    endedAt: null,
    reason: "retry",
    attempt: 3,
    failureBefore: "Neutron: 503 <busy>",
    step: "reading Neutron",
  });
  const known = status({ resyncs: [running, resync({ error: "Neutron: 503 <busy>" })] });
  const setup = { readStatus: () => Promise.resolve(known) };
  for (const path of ["/", `/resyncs/${running.id}`]) {
    const html = await get(path, setup);
    assertMatch(html, /<b>retry<\/b>, started.*: reading Neutron/s);
    assertMatch(html, /Try 3: the one before it failed, Neutron: 503 &lt;busy&gt;/);
  }
  assert(!/Try 1/.test(await get("/")), "the first try is no retry");
});

/** 50 runs, as many as there are when there are older ones. */
const newest = Array.from({ length: 50 }, (_, i) => resync({ startedAt: NOW - (i + 1) * 60_000 }));
const full: Setup = {
  readStatus: () => Promise.resolve(status({ resyncs: newest })),
  details: details(120, "<b>"),
};

Deno.test("the last 50 resyncs are the first page, those of a week that mattered the next ones", async () => {
  const rows = (html: string) =>
    html.match(/id="resyncs-table".*?<\/table>/s)![0].split("<tr>").length - 2;
  const first = await get("/resyncs", full);
  assertEquals(rows(first), 50);
  assertMatch(first, /id="resync-bars".*1 to 50 of 170.*href="\/resyncs\?page=2"/s);
  const second = await get("/resyncs?page=2", full);
  assertEquals(rows(second), 50);
  assert(!/id="resync-bars"/.test(second));
  assertMatch(second, /the least interesting are gone.*51 to 100 of 170/s);
  assertMatch(second, new RegExp(`href="/resyncs/${(NOW - 20_000_000).toString(36)}"`));
  for (const path of ["/resyncs?page=4", "/resyncs?page=999"]) {
    const last = await get(path, full);
    assertEquals(rows(last), 20, path);
    assertMatch(last, /151 to 170 of 170/);
  }
  assertEquals(rows(await get("/resyncs?page=no", full)), 50);
  assert(!/id="pager"/.test(await get("/resyncs")), "without older ones there is one page");
});

Deno.test("an older resync has its page, and says so when its differences are gone", async () => {
  const id = (NOW - 20_000_000).toString(36);
  assertMatch(await get(`/resyncs/${id}`, full), /Differences/);
  const older = resync({ id: "old", differences: 7, differencesKept: 7 });
  const gone = {
    ...full,
    details: {
      ...details(),
      olderResync: () => Promise.resolve(older),
      differences: () => Promise.resolve(null),
    },
  };
  assertMatch(await get("/resyncs/old", gone), /They are kept no longer/);
  const never = { ...older, endedAt: null };
  const broken = {
    ...gone,
    details: { ...gone.details, olderResync: () => Promise.resolve(never) },
  };
  assertMatch(await get("/resyncs/old", broken), /Not ended.*its process ended in the middle/s);
});

Deno.test("a resync without an end runs only where it can: the newest, on a master, of this process", async () => {
  const open = resync({ startedAt: NOW - 5000, endedAt: null, step: "writing" });
  const word = async (changes: Partial<Facts>) => {
    const known = status({ resyncs: [open], ...changes });
    const html = await get("/", { readStatus: () => Promise.resolve(known) });
    return html.match(/id="resyncs".*?<\/span>([^<]*)<\/span>/s)![1];
  };
  const syncer = (process: Parameters<typeof role>[1]) => ({
    roles: [role("resource-syncer", process)],
  });
  assertEquals(await word({}), "Running");
  assertEquals(await word(syncer({ startedAt: NOW - 6000 })), "Running");
  assertEquals(await word(syncer({ startedAt: NOW - 4000 })), "Not ended");
  assertEquals(await word(syncer({ state: "backoff" })), "Not ended");
  assertEquals(await word({ isMaster: false, since: null }), "Not ended");
});

Deno.test("of the resyncs that have not ended only the newest can run", async () => {
  const resyncs = [
    resync({ startedAt: NOW - 10, endedAt: null }),
    resync({ startedAt: NOW - 9000, endedAt: null }),
  ];
  const html = await get("/resyncs", { readStatus: () => Promise.resolve(status({ resyncs })) });
  const rows = html.match(/id="resyncs-table".*?<\/table>/s)![0].split("<tr>");
  assertMatch(rows[2]!, /Running/);
  assertMatch(rows[3]!, /Not ended/);
});

Deno.test("the hours tell how many resyncs there were, and in which there was none", async () => {
  const hours = await details(3).resyncHours();
  const setup = {
    details: { ...details(), resyncHours: () => Promise.resolve([hours[0]!, hours[2]!]) },
  };
  const html = await get("/resyncs/hours", setup);
  const rows = html.match(/id="resync-hours".*?<\/table>/s)![0].split("<tr>").slice(2);
  assertEquals(rows.length, 3);
  assertMatch(rows[0]!, /14:00 UTC.*>3,600<.*1\.2 s</s);
  assertMatch(rows[1]!, /13:00 UTC.*>none</s);
  assertMatch(rows[2]!, /12:00 UTC.*>3,598<.*>2<.*>0</s);
  const odd = { ...hours[0]!, at: NOW - 9e12 };
  const long = { details: { ...details(), resyncHours: () => Promise.resolve([hours[0]!, odd]) } };
  assertEquals((await get("/resyncs/hours", long)).split("<tr>").length, 2 + 7 * 24 + 1);
  assertMatch(await get("/resyncs/hours"), /None yet/);
});

Deno.test("the API lists the last 50, and beyond them the older ones, and the hours", async () => {
  const ask = async (path: string) => JSON.parse(await get(`/api/v1${path}`, full));
  const first = await ask("/resyncs");
  assertEquals([first.resyncs.length, first.page.total], [50, 170]);
  assertEquals(first.page.next, "/api/v1/resyncs?limit=50&offset=50");
  const across = await ask("/resyncs?limit=4&offset=48");
  assertEquals(
    across.resyncs.map(({ startedAt }: { startedAt: number }) => NOW - startedAt),
    [49 * 60_000, 50 * 60_000, 20_000_000, 20_010_000],
  );
  assertEquals((await ask("/resyncs?limit=500&offset=60")).resyncs.length, 110);
  const { id } = across.resyncs[3];
  assertEquals((await ask(`/resyncs/${id}`)).startedAt, NOW - 20_010_000);
  const { hours } = await ask("/resync-hours");
  assertEquals([hours.length, hours[1].changed, hours[0].at % HOUR_MS], [100, 1, 0]);
});

Deno.test("objects that differ in the same way stand together, with path, before and after", async () => {
  const evil = "<img src=x>";
  const object = (
    i: number,
    changes: JsonChange[],
    more: Partial<Difference> = {},
  ): Difference => ({
    action: "update",
    kind: "WorkloadEndpoint",
    key: `/calico/${i}`,
    subject: { type: "port", id: `port-${i}` },
    lines: ["-  1", `+  "${evil}"`],
    cut: 0,
    changes,
    moreChanges: 0,
    ...more,
  });
  const same = [{ path: "/spec/profileIDs/1", before: "a", after: evil }, { path: "/b", after: 1 }];
  const objects = [
    object(0, [{ path: "/spec/node", before: "host-1", after: "host-2" }]),
    ...Array.from({ length: 42 }, (_, i) => object(1 + i, same)),
    object(90, same, { moreChanges: 3 }),
    object(91, [{ path: "", after: { a: evil } }], { action: "create" }),
  ];
  const setup = {
    details: {
      ...details(),
      differences: (id: string) => Promise.resolve({ id, total: 45, objects }),
    },
  };
  const { id } = resync();
  const html = await get(`/resyncs/${id}`, setup);
  const list = html.match(/<ol class="differences".*?<\/ol>/s)![0].replaceAll("&quot;", '"');
  const items = list.split("<li>").slice(1);
  assertEquals(items.length, 4);
  assertMatch(items[0]!, /updated<.*port-0.*\/spec\/node.*>"host-1"<.* → .*>"host-2"</s);
  assertMatch(
    items[1]!,
    /42 ports.*\/spec\/profileIDs\/1 {2}<span class="old">"a"<.* → <span class="new">"&lt;img src=x/s,
  );
  assertMatch(items[1]!, /\/b {2}<span class="old">nothing<.*\/calico\/10<.*and 32 more/s);
  assert(!items[1]!.includes("/calico/11<"), "ten are named");
  assertMatch(items[2]!, /port-90.*class="old">- {2}1/s);
  assertMatch(items[3]!, /created<.*port-91/s);
  assert(!html.includes("<img"));
  const { groups } = JSON.parse(await get(`/api/v1/resyncs/${id}/differences?limit=1`, setup));
  assertEquals(groups, [{
    action: "update",
    kind: "WorkloadEndpoint",
    count: 42,
    changes: same,
    subjects: Array.from({ length: 10 }, (_, i) => ({ type: "port", id: `port-${1 + i}` })),
  }]);
});
