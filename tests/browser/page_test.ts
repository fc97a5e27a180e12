/** The pages over states that are made up: every one in calm and in trouble, at every width. */
import type { Facts } from "../../lib/health/facts.ts";
import type { Details } from "../../lib/diagnostics/details.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { details } from "../diagnostics/details_fixture.ts";
import {
  agent,
  agentsRecord,
  facts,
  guard,
  left,
  NOW,
  resync,
  role,
  status,
} from "../diagnostics/fixtures.ts";
import {
  assertAccessible,
  assertFits,
  type Browser,
  browserTest,
  keepShot,
  open,
} from "./chromium.ts";
import { serveState, type Site } from "./site.ts";

const PAGES = [
  "",
  "election",
  "resyncs",
  "resyncs/hours",
  `resyncs/${resync().id}`,
  "agents",
  "ports",
  "roles/resource-syncer",
];

interface Shown extends Site {
  change(changes: Partial<Facts>): void;
}

function serve(
  changes: Partial<Facts> = {},
  options: { port?: number; details?: Details } = {},
): Shown {
  const site = serveState(status(changes), options.details ?? details(300), options.port);
  return { ...site, change: (next) => site.show(status(next)) };
}

/** A bad day: roles that fail, agents that are silent, a queue, terms that change, failed resyncs. */
function trouble(): Partial<Facts> {
  const { roles, ports, cluster } = facts();
  const agents = Array.from({ length: 5000 }, (_, i) => agent(`compute-${i}`, 4000 + i * 70));
  const terms = Array.from({ length: 14 }, (_, i) => ({
    term: String(900 - i * 7),
    node: `node-${1 + i % 3}`,
    id: `node-${1 + i % 3}:4242`,
    start: NOW - (i + 1) * 6_000_000,
    end: i === 0 ? null : NOW - i * 6_000_000 - 20_000,
    reason: i === 0 ? null : i % 3 === 0 ? "etcd did not answer in time" : "stopped in order",
  }));
  return {
    roles: [
      roles[0]!,
      role("resource-syncer", { restarts: 4, lastEnd: "exit code 1" }, {
        doing: "waiting for Neutron",
        problem: "Neutron at http://10.0.0.7:9696 answers 503; check neutron-server",
      }),
      role("agent-status-watcher", { state: "backoff", restarts: 5, nextStartAt: NOW + 8000 }),
      ...roles.slice(3),
    ],
    cluster: { ...cluster!, terms },
    resyncs: Array.from({ length: 50 }, (_, i) =>
      resync({
        startedAt: resync().startedAt - 60_000 * i,
        endedAt: resync().startedAt - 60_000 * i + 700 + (i * 337 % 2900),
        error: i === 1 || i === 2 ? "Neutron answered 503" : null,
        guards: i % 9 === 0 ? [guard(), guard({ collection: "ports", why: "unconfirmed" })] : [],
        leftOut: i % 9 === 0 ? [left({ total: 12 })] : [],
        reason: i % 6 === 0 ? "periodic" : "incremental",
        warnings: i === 3 ? ["record 17 is not understood: no mac_address"] : [],
      })),
    agents: agentsRecord(agents),
    ports: { ...ports!, queued: 1500, differing: 1512 },
    events: Array.from({ length: 60 }, (_, i) => ({
      source: "agent-status-watcher",
      at: NOW - i * 61_000,
      level: (["error", "warn", "info"] as const)[i % 3]!,
      message: `the role ended: exit code 1, restart ${60 - i}`,
    })),
  };
}

browserTest("the pages in Chromium", async (browser, t) => {
  await t.step("an update leaves focus, places and typed text alone", () => updates(browser));
  await t.step("says that the connection is lost, and comes back", () => reconnects(browser));
  await t.step("works without JavaScript", () => withoutScript(browser));
  await t.step("does not execute what values say", () => hostile(browser));
  await t.step("works with the keyboard alone", () => keyboard(browser));
  await t.step("fits, looks right, and axe-core finds nothing grave", () => looks(browser));
});

async function updates(browser: Browser): Promise<void> {
  await using site = serve();
  await using opened = await open(browser, site.url, { timezoneId: "Asia/Tokyo" });
  const { page, complaints } = opened;
  const since = page.locator("#mastership time").first();
  assertEquals(await since.textContent(), "21:02:03");
  assertEquals(await since.getAttribute("title"), "2026-11-24 12:02:03 UTC");
  assertMatch(await page.locator("#sentence").textContent() ?? "", /node-1 leads since 21:02;/);
  assertMatch(await page.locator("#zone").textContent() ?? "", /Asia\/Tokyo/);
  await page.locator("#ports-table").focus();
  const sentence = await page.locator("#sentence").elementHandle();
  const agents = agentsRecord([agent("compute-9", 400_000)]);
  site.change({ agents, resyncs: [resync({ error: "Neutron is away" })] });
  await page.locator("#verdict.error", { hasText: "Neutron is away" }).waitFor();
  await page.locator("#agents", { hasText: "compute-9" }).waitFor();
  await page.locator("#findings", { hasText: "check Felix" }).waitFor();
  assertEquals(await page.title(), "✕ node-1 · Calico Conductor");
  assertEquals(await page.locator("#icon").getAttribute("href"), "/icon-error.svg");
  assertEquals(await page.evaluate("document.activeElement.id"), "ports-table");
  assert(
    await sentence!.evaluate((e: { isConnected: boolean }) => e.isConnected),
    "live region kept",
  );
  // A link that has focus keeps it while its card changes around it.
  await page.locator("#role-manager a").focus();
  site.change({
    roles: [role("manager", { restarts: 7, failures: 0 }), ...facts().roles.slice(1)],
  });
  await page.locator("#role-manager", { hasText: /Restarts\s*7/ }).waitFor();
  assertEquals(await page.evaluate("document.activeElement.textContent"), "manager");
  await page.locator("#verdict.ok").waitFor();
  assertEquals(await page.title(), "node-1 · Calico Conductor");
  assertEquals(await page.locator("#icon").getAttribute("href"), "/icon.svg");
  assertEquals(await page.locator("#findings").count(), 0);
  // Nothing is announced when nothing but times passes.
  await page.evaluate(`globalThis.said = 0; new MutationObserver(() => globalThis.said++)
    .observe(document.getElementById("sentence"), { childList: true, characterData: true, subtree: true })`);
  site.change({ agents: agentsRecord([agent("a", 1)], { lagMs: 4321 }), roles: facts().roles });
  await page.locator("#verdict", { hasText: "4.3 s" }).waitFor();
  assertEquals(await page.evaluate("globalThis.said"), 0);
  // What is being typed stays while the list under it changes.
  await page.goto(`${site.url}agents`);
  await page.getByText("● Live").waitFor();
  await page.locator("#filter-q").pressSequentially("host-1");
  site.change({ isMaster: false, since: null });
  await page.getByText("in an earlier term of this node").waitFor();
  assertEquals(await page.locator("#filter-q").inputValue(), "host-1");
  assertEquals(await page.evaluate("document.activeElement.id"), "filter-q");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=host-1/);
  await page.locator("#agents-list", { hasText: "host-100-text" }).waitFor();
  assertEquals(complaints, []);
}

async function reconnects(browser: Browser): Promise<void> {
  const first = serve();
  await using opened = await open(browser, first.url);
  const { page } = opened;
  await first[Symbol.asyncDispose]();
  await page.getByText("Connection lost, retrying").waitFor();
  assertEquals(await page.title(), "✕ Connection lost · node-1 · Calico Conductor");
  await using _again = serve({ leader: "node-9:1" }, { port: Number(new URL(first.url).port) });
  await page.locator("#mastership", { hasText: "node-9:1" }).waitFor();
  await page.getByText("● Live").waitFor();
}

async function withoutScript(browser: Browser): Promise<void> {
  await using site = serve();
  await using opened = await open(browser, site.url, { javaScriptEnabled: false });
  const { page } = opened;
  assertMatch(await page.locator("#mastership").textContent() ?? "", /12:02:03 UTC/);
  assertMatch(await page.locator("#zone").textContent() ?? "", /in UTC/);
  site.change({ leader: "node-7:7" });
  await page.locator("#mastership", { hasText: "node-7:7" }).waitFor();
  await page.locator("header").getByRole("link", { name: "Agents" }).click();
  await page.locator("#filter-q").fill("host-29");
  await page.locator("#filter-go").click();
  await page.locator("#agents-list", { hasText: "host-299-text" }).waitFor();
  await page.locator("#sort-host").click();
  await page.waitForURL(/sort=host/);
  await keepShot(page, "agents-without-script");
}

async function hostile(browser: Browser): Promise<void> {
  const evil =
    `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">`;
  const node = { ...facts().node, name: evil };
  await using site = serve({ node }, { details: details(5, evil) });
  await using opened = await open(browser, site.url);
  const { page, complaints } = opened;
  site.change({
    node,
    leader: evil,
    agents: agentsRecord([agent(evil, 400_000)]),
    events: [{ source: evil, at: NOW, level: "info", message: evil }],
  });
  await page.locator("#events", { hasText: "<script>" }).waitFor();
  for (const path of PAGES) {
    await page.goto(site.url + path);
    await page.getByText("● Live").waitFor();
    await page.waitForTimeout(300); // an update or two
    assertEquals(await page.locator("main img, main script").count(), 0, path);
    assert(await page.title() !== "owned", path);
  }
  assertEquals(complaints, []);
}

async function keyboard(browser: Browser): Promise<void> {
  await using site = serve();
  await using opened = await open(browser, site.url);
  const { page } = opened;
  await page.keyboard.press("Tab");
  assertEquals(await page.evaluate("document.activeElement.className"), "skip");
  await page.keyboard.press("Enter");
  assertEquals(await page.evaluate("document.activeElement.id"), "main");
  await page.keyboard.press("Tab");
  assertEquals(await page.evaluate("document.activeElement.textContent"), "manager");
  await page.keyboard.press("Enter");
  await page.waitForURL(/roles\/manager/);
  await page.getByText("● Live").waitFor();
  assertEquals(await page.locator("h1").textContent(), "manager");
}

async function looks(browser: Browser): Promise<void> {
  const none = {
    resyncs: [],
    agents: null,
    ports: null,
    events: [],
    cluster: null,
    election: null,
  };
  await using calm = serve({ resyncs: [resync(), ...trouble().resyncs!.slice(3)] });
  await using bad = serve(trouble(), { details: details(120) });
  await using empty = serve(none, { details: details(0) });
  const sites = { calm, trouble: bad, empty };
  const sizes = [[360, "light"], [360, "dark"], [1920, "light"], [1920, "dark"]] as const;
  for (const [width, colorScheme] of sizes) {
    const viewport = { width, height: 900 };
    await using opened = await open(browser, calm.url, { viewport, colorScheme });
    const { page, complaints } = opened;
    for (const [mood, site] of Object.entries(sites)) {
      const paths = mood === "trouble"
        ? PAGES
        : mood === "calm"
        ? ["", "ports"]
        : PAGES.slice(0, 2);
      for (const path of paths) {
        await page.goto(site.url + path);
        await page.getByText("● Live").waitFor();
        const kind = path.endsWith("/hours") ? "hours-" : path.includes("/") ? "one-" : "";
        const what = `${path.split("/")[0] || "overview"}-${kind}${mood}-${width}-${colorScheme}`;
        await assertFits(page, what);
        // Wide or narrow, the same elements; what differs is colours and what is hidden.
        if (width === 360 || path === "") await assertAccessible(page, what);
        await keepShot(page, what);
      }
    }
    assertEquals(complaints, []);
  }
}
