/** A real Chromium: the one that is named in CHROMIUM, else Debian's; and what tests do with its pages. @module */
import axe from "npm:axe-core@4.14.1";
import { type Browser, type BrowserContext, chromium, type Page } from "npm:playwright-core@1.65.1";
import { assertEquals, eventually, TIME_FACTOR } from "../support/assert.ts";

export type { Browser, BrowserContext, Page };

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Of a wide and of a narrow screen, CSS pixels. */
export const WIDTHS = [1440, 390] as const;

/** Where screenshots go: SCREENSHOTS, else a folder that git ignores. */
const SHOTS = Deno.env.get("SCREENSHOTS") ?? new URL("screenshots", import.meta.url).pathname;

/** Runs a test's steps with one browser; Playwright's process outlives single steps. */
export function browserTest(
  name: string,
  steps: (browser: Browser, t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      const executablePath = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
      const browser = await chromium.launch({ executablePath, args: ARGS, headless: true });
      try {
        await steps(browser, t);
      } finally {
        await browser.close();
      }
    },
  });
}

/** A page that was opened, and what its console complained of. */
export interface Opened extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: string[];
}

/** Opens an address in a context of its own. */
export async function open(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(20_000 * TIME_FACTOR);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);
  if (options.javaScriptEnabled !== false) await page.getByText("● Live").waitFor();
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** Keeps what the page looks like, as an artefact. */
export async function keepShot(page: Page, name: string): Promise<void> {
  await Deno.mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

/** Keeps what the page looks like on a wide and on a narrow screen. */
export async function keepShots(page: Page, name: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await assertFits(page, `${name} at ${width}`);
    await keepShot(page, `${name}-${width}`);
  }
}

/** Fails when the page scrolls sideways. */
export async function assertFits(page: Page, what: string): Promise<void> {
  await eventually(
    `${what}: no sideways scrolling`,
    () => page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
    1000,
  );
}

interface Violation {
  id: string;
  impact: string | null;
  nodes: { target: unknown[]; failureSummary?: string }[];
}

/** Fails when axe-core finds anything serious or critical on the page. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations)",
  ) as Violation[];
  const grave = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => {
      const first = nodes[0]!;
      return `${id}: ${nodes.length} × ${first.target.join(" ")}: ${first.failureSummary ?? ""}`;
    });
  assertEquals(grave, [], what);
}
