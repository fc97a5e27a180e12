import { type Browser, chromium } from "npm:playwright-core@1.65.1";
import type { Facts, Status } from "../../lib/diagnostics/status_schema.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { agent, agentsRecord, facts, NOW, resync, role, status } from "../diagnostics/fixtures.ts";
import { testApp } from "../diagnostics/test_app.ts";

const EVIL = `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">`;
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

interface Site extends AsyncDisposable {
  url: string;
  change(changes: Partial<Facts>): void;
}

function serve(changes: Partial<Facts> = {}, port = 0): Site {
  const stop = new AbortController();
  let current: Status = status(changes);
  const app = testApp({
    readStatus: () => Promise.resolve(current),
    signal: stop.signal,
    updateIntervalMs: 100,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, signal: stop.signal, onListen: () => {} },
    app.fetch,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    change: (next) => current = status(next),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

function busy(): Partial<Facts> {
  const { roles, ports } = facts();
  const agents = Array.from({ length: 120 }, (_, i) => agent(`compute-${i}`, 4000 + i * 2600));
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
    resyncs: [resync({ error: "Neutron answered 503" }), resync({ warnings: ["x"] }), resync()],
    agents: agentsRecord(agents),
    ports: { ...ports!, queued: 1500 },
    events: Array.from({ length: 60 }, (_, i) => ({
      source: "agent-status-watcher",
      at: NOW - i * 61_000,
      level: (["error", "warn", "info"] as const)[i % 3]!,
      message: `the role ended: exit code 1, restart ${60 - i}`,
    })),
  };
}

// Playwright's browser process outlives single steps, so one test with steps owns it.
Deno.test({
  name: "the page in Chromium",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    const executablePath = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
    const browser = await chromium.launch({ executablePath, args: ARGS, headless: true });
    try {
      await t.step("updates by itself, keeping focus", () => updates(browser));
      await t.step("says that the connection is lost, and comes back", () => reconnects(browser));
      await t.step("works without JavaScript", () => withoutScript(browser));
      await t.step("does not execute a hostile name", () => hostile(browser));
      await t.step("fits and looks right", () => looks(browser));
    } finally {
      await browser.close();
    }
  },
});

async function updates(browser: Browser): Promise<void> {
  await using site = serve();
  const page = await browser.newPage({ timezoneId: "Asia/Tokyo" });
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(site.url);
  await page.getByText("● Live").waitFor();
  assertEquals(await page.locator("#mastership time").first().textContent(), "21:02:03");
  const title = await page.locator("#mastership time").first().getAttribute("title");
  assertEquals(title, "2026-11-24 12:02:03 UTC");
  await page.locator("#ports-table").focus();
  const verdict = await page.locator("#verdict").elementHandle();
  const agents = agentsRecord([agent("compute-9", 400_000)]);
  site.change({ agents, resyncs: [resync({ error: "Neutron is away" })] });
  await page.locator("#verdict.error", { hasText: "Neutron is away" }).waitFor();
  await page.locator("#agents", { hasText: "compute-9" }).waitFor();
  await page.locator("#findings", { hasText: "check Felix" }).waitFor();
  assertEquals(await page.evaluate("document.activeElement.id"), "ports-table");
  assert(
    await verdict!.evaluate((e: { isConnected: boolean }) => e.isConnected),
    "live region kept",
  );
  site.change({});
  await page.locator("#verdict.ok").waitFor();
  assertEquals(await page.locator("#findings").count(), 0);
  assertEquals(errors, []);
  await page.close();
}

async function reconnects(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  const first = serve();
  await page.goto(first.url);
  await page.getByText("● Live").waitFor();
  await first[Symbol.asyncDispose]();
  await page.getByText("Connection lost, retrying").waitFor();
  await using _again = serve({ leader: "node-9:1" }, Number(new URL(first.url).port));
  await page.locator("#mastership", { hasText: "node-9:1" }).waitFor();
  await page.getByText("● Live").waitFor();
  await page.close();
}

async function withoutScript(browser: Browser): Promise<void> {
  await using site = serve();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(site.url);
  assertMatch(await page.locator("#mastership").textContent() ?? "", /12:02:03 UTC/);
  site.change({ leader: "node-7:7" });
  await page.locator("#mastership", { hasText: "node-7:7" }).waitFor({ timeout: 10_000 });
  await context.close();
}

async function hostile(browser: Browser): Promise<void> {
  const node = { ...facts().node, name: EVIL };
  await using site = serve({ node });
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.getByText("● Live").waitFor();
  site.change({
    node,
    leader: EVIL,
    agents: agentsRecord([agent(EVIL, 1000)]),
    events: [{ source: EVIL, at: NOW, level: "info", message: EVIL }],
  });
  await page.locator("#events", { hasText: "<script>" }).waitFor();
  assertEquals(await page.locator("main img, main script").count(), 0);
  assert(await page.title() !== "owned");
  await page.close();
}

async function looks(browser: Browser): Promise<void> {
  const dir = Deno.env.get("SCREENSHOTS") ?? await Deno.makeTempDir({ prefix: "screenshots-" });
  await using well = serve();
  await using bad = serve(busy());
  await using empty = serve({ resyncs: [], agents: null, ports: null, events: [] });
  const sites = { well, bad, empty };
  for (const [name, site] of Object.entries(sites)) {
    for (const width of [360, 1280, 1920]) {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        await page.goto(site.url);
        await page.getByText("● Live").waitFor();
        await eventually(
          "no sideways scrolling of the page",
          () => page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
          1000,
        );
        const path = `${dir}/${name}-${width}-${colorScheme}.png`;
        await page.screenshot({ path, fullPage: true });
        await page.close();
      }
    }
  }
}
