import { assert, assertEquals } from "../support/assert.ts";
import { ACTED_ON, HOSTILE_NAMES } from "../support/hostile_names.ts";
import { fullTrace } from "../trace/trace_fixture.ts";
import { details } from "./details_fixture.ts";
import { resync } from "./fixtures.ts";
import { hostileStatus } from "./hostile_status.ts";
import { testApp } from "./test_app.ts";

const PAGES = [
  "/",
  "/election",
  "/resyncs",
  "/resyncs?page=2",
  `/resyncs/${resync().id}`,
  "/agents",
  "/ports",
  "/roles/manager",
  "/roles/supervisor",
  "/configuration",
  "/trace?q=vm-7",
];

/** A page of a node in which everything has this name. */
async function page(path: string, name: string): Promise<string> {
  const app = testApp({
    readStatus: () => Promise.resolve(hostileStatus(name)),
    details: details(5, name),
    trace: () => Promise.resolve(fullTrace(name)),
  });
  const response = await app.request(path);
  assertEquals(response.status, 200, path);
  return await response.text();
}

Deno.test("no page holds what a browser would act on instead of showing it", async () => {
  for (const path of PAGES) {
    for (const name of HOSTILE_NAMES) {
      const html = await page(path, name);
      const acted = ACTED_ON.exec(html);
      assertEquals(acted && html.slice(acted.index - 200, acted.index + 20), null, path);
      assert(html.length < 400_000, `${path} has ${html.length} characters`);
    }
  }
});

Deno.test("names of others are isolated, so that none changes the direction of what stands beside it", async () => {
  const name = "שלום";
  for (const path of PAGES) {
    const body = (await page(path, name)).replace(/^.*<body[^>]*>/s, "");
    const rest = body.replaceAll(/<bdi>[^<]*<\/bdi>/g, "")
      .replaceAll(/<(title|option|textarea)[^>]*>[^<]*<\/\1>/g, "").replaceAll(/<[^>]*>/g, "|");
    const beside = rest.split("|").filter((text) => text.includes(name));
    assertEquals(beside, [], path);
  }
});
