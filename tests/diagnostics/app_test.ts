import { isAllowedHost } from "../../lib/diagnostics/host_header.ts";
import { formatEvent } from "../../lib/diagnostics/live.ts";
import { type Status, statusSchema } from "../../lib/health/status.ts";
import { formatStatus } from "../../lib/health/status_text.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { facts, resync, role, status } from "./fixtures.ts";
import { type Setup, testApp as app, withoutIsolation } from "./test_app.ts";

const broken = () => Promise.reject(new Error("disk <gone>"));
const crashing = () =>
  Promise.resolve(status({ roles: [role("manager", { state: "backoff", restarts: 3 })] }));

async function text(path: string, setup?: Setup): Promise<string> {
  return withoutIsolation(await (await app(setup).request(path)).text());
}

Deno.test("every answer carries the security headers", async () => {
  for (const path of ["/", "/app.js", "/app.css", "/api/v1/status", "/healthz", "/nowhere"]) {
    const response = await app().request(path);
    await response.body?.cancel();
    const csp = response.headers.get("content-security-policy")!;
    assertMatch(csp, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert(!csp.includes("unsafe"), path);
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("cache-control"), "no-store");
    assertEquals(response.headers.get("referrer-policy"), "no-referrer");
    assertEquals(response.headers.get("cross-origin-resource-policy"), "same-origin");
    assertEquals(response.headers.get("cross-origin-opener-policy"), "same-origin");
    assertEquals(response.headers.get("x-frame-options"), "DENY");
    assertEquals(response.headers.get("strict-transport-security"), null, "binds other ports too");
  }
});

Deno.test("the overview has its landmarks, its parts and nothing inline", async () => {
  const html = await text("/");
  assertMatch(html, /^<!doctype html><html lang="en">/);
  for (const tag of ["<header>", "<main ", "<footer>", "<nav ", '<p class="node">node-1</p>']) {
    assert(html.includes(tag), tag);
  }
  for (
    const id of [
      "verdict",
      "roles",
      "past",
      "cluster",
      "mastership",
      "resyncs",
      "agents",
      "ports",
      "events",
    ]
  ) {
    assert(html.includes(`id="${id}"`), id);
  }
  assertEquals(html.match(/aria-live/g)!.length, 1, "the verdict alone is announced");
  assertMatch(
    html,
    /<p id="sentence" aria-live="polite">node-1 leads since .*everything in sync\./,
  );
  assertMatch(html, /★ Leads since/);
  assertMatch(html, /<time datetime="2026-11-24T12:02:03.000Z" title="2026-11-24 12:02:03 UTC"/);
  assertMatch(html, /<noscript><meta http-equiv="refresh" content="5"/);
});

Deno.test("empty states say what will come", async () => {
  const empty = { resyncs: [], agents: null, ports: null, events: [] };
  const master = await text("/", { readStatus: () => Promise.resolve(status(empty)) });
  for (
    const sentence of [/first one shows here/, /each host shows here/, /endpoint's|endpoint&#39;s/]
  ) {
    assertMatch(master, sentence);
  }
  const standby = await text("/", {
    readStatus: () => Promise.resolve(status({ ...empty, isMaster: false, since: null })),
  });
  assertMatch(standby, /Nothing here on a standby/);
});

Deno.test("the JSON is the status; health and readiness give reasons", async () => {
  statusSchema.parse(JSON.parse(await text("/api/v1/status")));
  const check = async (path: string, read?: () => Promise<Status>) => {
    const response = await app(read && { readStatus: read }).request(path);
    return [response.status, (await response.json()).reasons];
  };
  assertEquals(await check("/healthz"), [200, []]);
  assertEquals(await check("/healthz", crashing), [503, ["manager ends again and again"]]);
  assertEquals(await check("/healthz", broken), [
    503,
    ["the node's state cannot be read: disk <gone>"],
  ]);
  assertEquals(await check("/readyz"), [200, []]);
  assertEquals((await check("/readyz", crashing))[0], 503);
  assertEquals((await check("/readyz", broken))[0], 503);
  assertEquals((await check("/api/v1/status", broken))[0], 500);
  assertEquals((await app({ readStatus: broken }).request("/livez")).status, 200);
});

Deno.test("the metrics tell the state", async () => {
  const waiting = status({ ports: { ...facts().ports!, queued: 2 } });
  const metrics = await text("/metrics", { readStatus: () => Promise.resolve(waiting) });
  assertMatch(metrics, /# TYPE conductor_is_master gauge\n.*\nconductor_is_master 1\n/);
  assertMatch(metrics, /conductor_role_restarts_total\{role="manager"\} 0\n/);
  assertMatch(metrics, /conductor_last_resync_duration_seconds 2\.3\n/);
  assertMatch(metrics, /conductor_ports_queued 2\n/);
  assertMatch(metrics, /conductor_page_streams 0\n# EOF\n$/);
});

Deno.test("that Neutron is spared is on the page, in status and in the metrics", async () => {
  const { rounds } = facts();
  const requests = { limit: 3, most: 8, spared: "slow" as const };
  const spared = status({ rounds: { ...rounds!, requests } });
  const setup = { readStatus: () => Promise.resolve(spared) };
  const words = /Neutron is spared, 3 of 8 requests at a time: it answers more slowly than usual/;
  assertMatch(await text("/", setup), words);
  assertMatch(formatStatus(spared), words);
  assertMatch(await text("/metrics", setup), /conductor_neutron_requests_allowed 3\n/);
  assert(!(await text("/")).includes("spared"));
});

Deno.test("other hosts, methods and paths are refused", async () => {
  const get = async (host: string, allowedHosts: string[] = []) => {
    const response = await app({ allowedHosts }).request("/livez", { headers: { host } });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await get("evil.example"), 403);
  assertEquals(await get("evil.example:9797"), 403);
  assertEquals(await get("localhost.evil.example"), 403);
  for (const host of ["localhost", "LOCALHOST:9797", "127.0.0.1:9797", "[::1]:9797"]) {
    assertEquals(await get(host), 200, host);
  }
  assertEquals(await get("node-1:9797", ["node-1:9797"]), 200);
  assertEquals(await get("node-1:80", ["node-1:9797"]), 403);
  assertEquals(await get("conductor.example:1", ["conductor.example"]), 200);
  for (const bad of ["", "a b", "x@localhost", "localhost:123456", "[::1", "127.0.0.1.evil.com"]) {
    assert(!isAllowedHost(bad, []), bad);
  }
  const post = await app().request("/", { method: "POST" });
  assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  assertEquals((await app().request("/nowhere")).status, 404);
});

/** A stream that goes silent fails the test instead of holding it up. */
async function within<T>(work: Promise<T>, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what()}`)), 60_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  pattern: RegExp,
): Promise<string> {
  const decoder = new TextDecoder();
  for (let seen = "";;) {
    if (pattern.test(seen)) return seen;
    const { value, done } = await within(reader.read(), () => `${pattern} in ${seen.slice(-300)}`);
    assert(!done, `stream ended before ${pattern}`);
    seen += decoder.decode(value, { stream: true });
  }
}

Deno.test("a stream gets what changes, and ends with the server", async () => {
  const stop = new AbortController();
  let current = status();
  let reads = 0;
  const read = () => (reads++, Promise.resolve(current));
  const server = app({ readStatus: read, signal: stop.signal, maxStreams: 1 });
  assertEquals(reads, 0, "nobody looks, nothing is read");
  const response = await server.request("/events");
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const refused = await server.request("/events");
  await refused.body?.cancel();
  assertEquals(refused.status, 503);
  const reader = response.body!.getReader();
  await readUntil(reader, /event: main\ndata: .*<section id="verdict".*everything in sync/);
  const quiet = await readUntil(reader, /event: beat\ndata: \d+\n\n$/);
  assert(!quiet.includes("event: main"), "no news, no rendering");
  current = status({ resyncs: [resync({ error: "Neutron is away" })] });
  await readUntil(reader, /event: main\ndata: .*Neutron is away/);
  stop.abort();
  while (!(await reader.read()).done);
  const late = await server.request("/events");
  await late.body?.cancel();
  assertEquals(late.status, 503);
});

Deno.test("a stream that is closed makes room and stops the reading", async () => {
  let reads = 0;
  const server = app({ readStatus: () => (reads++, Promise.resolve(status())), maxStreams: 1 });
  for (let i = 0; i < 3; i++) {
    const response = await server.request("/events");
    assertEquals(response.status, 200);
    await response.body!.cancel();
  }
  const before = reads;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(reads, before);
});

Deno.test("a value with line ends cannot start another event", () => {
  assertEquals(
    formatEvent("main", "a\nevent: x\r\rb"),
    "event: main\ndata: a\ndata: event: x\ndata: \ndata: b\n\n",
  );
});
