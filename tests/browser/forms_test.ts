/** The page's forms, pressed as a user presses them, directly and through a proxy on the same host. */
import { openListener } from "../../lib/diagnostics/listener.ts";
import type { PeerEnv } from "../../lib/diagnostics/peer.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { details } from "../diagnostics/details_fixture.ts";
import { type Setup, testApp } from "../diagnostics/test_app.ts";
import { type Browser, browserTest, open } from "./chromium.ts";

const TOKEN = "a b&c=%";

interface Tried {
  readonly browser: Browser;
  readonly javaScriptEnabled: boolean;
  readonly asked: string[];
}

browserTest("the page's forms", async (browser, t) => {
  for (const javaScriptEnabled of [true, false]) {
    const tried = { browser, javaScriptEnabled };
    const how = javaScriptEnabled ? "with JavaScript" : "without";
    await t.step(`the button, ${how}`, () => button({ ...tried, asked: [] }));
    await t.step(`the button with a token, ${how}`, () => token({ ...tried, asked: [] }));
    await t.step(`through a proxy, ${how}`, () => proxied({ ...tried, asked: [] }));
    await t.step(`searches, ${how}`, () => searches({ ...tried, asked: [] }));
  }
});

/** Serves the application; `forwarded`: as a proxy passes requests on. */
async function serve(setup: Setup, asked: string[], forwarded = false) {
  const app = testApp({
    ...setup,
    actions: {
      restart: (role) => Promise.resolve(void asked.push(role)),
      ...setup.actions,
    },
  });
  const fetch = ({ url, method, headers: sent, body }: Request, env: PeerEnv) => {
    const headers = new Headers(sent);
    if (forwarded) headers.set("x-forwarded-for", "192.0.2.1");
    return app.fetch(new Request(url, { method, headers, body }), env);
  };
  return await openListener(fetch, { host: "127.0.0.1", port: 0, tls: null });
}

async function button({ browser, javaScriptEnabled, asked }: Tried): Promise<void> {
  await using listener = await serve({}, asked);
  for (const host of ["127.0.0.1", "localhost"]) {
    const url = `http://${host}:${listener.port}/roles/manager`;
    await using opened = await open(browser, url, { javaScriptEnabled });
    await Promise.all([
      opened.page.waitForResponse((response) => response.status() === 303),
      opened.page.locator("#restart-go").click(),
    ]);
    await opened.page.waitForURL(url);
    assertEquals(opened.complaints, []);
  }
  assertEquals(asked, ["manager", "manager"]);
}

async function token({ browser, javaScriptEnabled, asked }: Tried): Promise<void> {
  await using listener = await serve({ actions: { token: TOKEN } }, asked, true);
  const url = `http://127.0.0.1:${listener.port}/roles/manager`;
  await using opened = await open(browser, url, { javaScriptEnabled });
  const press = async (token: string) => {
    await opened.page.goto(url);
    await opened.page.locator("#restart-token").fill(token);
    await opened.page.locator("#restart-go").click();
  };
  await press("another");
  await opened.page.getByText("the token is missing or wrong").waitFor();
  assertEquals(asked, []);
  await press(TOKEN);
  await opened.page.locator("#restart-token").waitFor();
  assertEquals(asked, ["manager"]);
}

async function proxied({ browser, javaScriptEnabled, asked }: Tried): Promise<void> {
  await using listener = await serve({}, asked, true);
  const url = `http://127.0.0.1:${listener.port}/roles/manager`;
  await using opened = await open(browser, url, { javaScriptEnabled });
  await opened.page.getByText("at localhost and through no proxy").waitFor();
  assertEquals(await opened.page.locator("#restart-go").count(), 0);
}

async function searches({ browser, javaScriptEnabled, asked }: Tried): Promise<void> {
  const trace = (query: string) => {
    asked.push(query);
    return Promise.reject(new Error("nobody traces here"));
  };
  await using listener = await serve({ trace, details: details() }, [], true);
  const url = `http://127.0.0.1:${listener.port}`;
  await using opened = await open(browser, `${url}/`, { javaScriptEnabled });
  const { page } = opened;
  await page.locator('input[name="q"]').first().fill("10.65.0.2");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/trace\?q=10\.65\.0\.2$/);
  await page.getByText("Nobody traces here").waitFor();
  assertEquals(asked, ["10.65.0.2"]);
  await page.goto(`${url}/agents`);
  await page.locator("#filter-q").fill("host-1");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=host-1/);
  assertMatch(await page.locator("#filter-q").inputValue(), /^host-1$/);
}
