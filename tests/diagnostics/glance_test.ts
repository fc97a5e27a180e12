import { effectiveRows } from "../../lib/config/effective_rows.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { Fed } from "../../lib/diagnostics/fed.ts";
import { withDaySample } from "../../lib/diagnostics/samples.ts";
import { SAMPLED } from "../../lib/diagnostics/spans.ts";
import { PageFeed } from "../../lib/state/page_feed.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { details } from "./details_fixture.ts";
import { agent, agentsRecord, facts, NOW, resync, status } from "./fixtures.ts";
import { type Setup, testApp as app, withoutIsolation } from "./test_app.ts";

async function html(path: string, setup?: Setup): Promise<string> {
  return withoutIsolation(await (await app(setup).request(path)).text());
}

const of = (...changes: Parameters<typeof status>): Setup => ({
  readStatus: () => Promise.resolve(status(...changes)),
  details: details(50),
});

Deno.test("what is looked at first stands first, and etcd's size, compaction and configuration are on it", async () => {
  const page = await html("/", of());
  const ids = [...page.matchAll(/<section id="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(ids.slice(0, 5), ["verdict", "roles", "agents", "ports", "resyncs"]);
  const upkeep = page.match(/<section id="upkeep".*?<\/section>/s)![0];
  assertMatch(
    upkeep,
    /has room.*400 MiB of 2048 MiB.*20\u00a0% full, 25\u00a0% of it free.*as read at .*14:01:43/s,
  );
  assertMatch(upkeep, /compacted at revision 4000.*1 done by this node, none failed/s);
  assertMatch(upkeep, /href="\/configuration">50 options, 17 of them given/);
  const { databases, compaction } = facts();
  const full = { ...databases!.members[1]!, sizeBytes: 2 ** 31, alarms: ["NOSPACE"] };
  const bad = await html(
    "/",
    of({
      databases: { ...databases!, members: [databases!.members[0]!, full] },
      compaction: { ...compaction!, failures: 3 },
    }),
  );
  assertMatch(bad, /id="upkeep".*class="badge error".*alarm NOSPACE.*100\u00a0% full.*3 failed/s);
  const unknown = await html("/", of({ databases: null, compaction: null }));
  assertMatch(unknown, /the manager has not read it for a while.*the manager has not checked yet/s);
});

Deno.test("title and icon show trouble on every page, which says it where it has no verdict", async () => {
  const title = (page: string) =>
    page.match(/<title>(.*?)<\/title>.*?id="icon"[^>]*href="(.*?)"/s)!;
  const well = title(await html("/agents", of()));
  assertEquals(well.slice(1), ["Agents · node-1", "/icon.svg"]);
  const failed = of({ resyncs: [resync({ error: "Neutron <is> away" })] });
  const bad = await html("/agents", failed);
  assertEquals(title(bad).slice(1), ["✕ Agents · node-1", "/icon-error.svg"]);
  assertMatch(bad, /<div id="node-state" class="strip error".*Neutron &lt;is&gt; away.*href="\/"/);
  const overview = await html("/", failed);
  assertEquals(title(overview)[1], "✕ node-1 · Calico Conductor");
  assertMatch(overview, /<div id="node-state" hidden/);
  const late = of({ agents: agentsRecord([agent("a", 400_000)]) });
  assertEquals(title(await html("/ports", late)).slice(1), ["▲ Ports · node-1", "/icon-warn.svg"]);
  const gone = { readStatus: () => Promise.reject(new Error("gone")) };
  assertEquals(title(await html("/", gone))[2], "/icon-error.svg");
  for (const icon of ["/icon-warn.svg", "/icon-error.svg"]) {
    assertEquals((await app().request(icon)).headers.get("content-type"), "image/svg+xml");
  }
});

Deno.test("the pages of other nodes are linked, this node's own and unknown ones are not", async () => {
  const { cluster } = facts();
  const nodes = [["node-1", "http://10.0.0.1:9797"], ["node-2", "https://10.0.0.2:9797"], [
    "node-3",
    null,
  ]] as const;
  const known = {
    cluster: {
      ...cluster!,
      nodes: nodes.map(([name, page]) => ({ ...cluster!.nodes[0]!, name, page })),
    },
  };
  const links = (page: string) =>
    page.match(/<nav class="others".*?<\/nav>/s)?.[0].match(/<a .*?<\/a>/g) ?? [];
  assertEquals(links(await html("/ports", of(known))), [
    '<a href="https://10.0.0.2:9797/" rel="noreferrer">node-2</a>',
  ]);
  assertEquals(links(await html("/", of({ cluster: null }))), []);
});

Deno.test("the charts show ten minutes, an hour or a day, with times, and dates of another day", async () => {
  const axes = (page: string) =>
    [...page.matchAll(/<p class="axis quiet"[^>]*>(.*?)<\/p>/gs)].map(([, axis]) =>
      axis!.replaceAll(/<[^>]*>/g, " ").trim().split(/ {2,}/)
    );
  const hour = await html("/", of());
  assertMatch(hour, /The last hour.*id="span-hour" href="\/" aria-current="true"/s);
  assertEquals(axes(hour)[0], ["13:02 UTC", "13:32 UTC", "now"]);
  const day = await html("/?span=day", of());
  assertMatch(day, /The last day.*id="span-10min" href="\/\?span=10min"/s);
  assertEquals(axes(day)[0], ["2026-11-23 14:05 UTC", "02:05 UTC", "now"]);
  assertEquals(axes(await html("/?span=10min", of()))[0], ["13:52 UTC", "13:57 UTC", "now"]);
  assertEquals(axes(await html("/?span=%3Cb%3E", of()))[0], axes(hour)[0]);
  const memory = await html("/roles/manager?span=day&level=WARN", of());
  // A day's sample is the most of 5 min, and so is not said of now.
  assertMatch(memory, /Resident memory over the last day: most of 5 min \d/);
  assertMatch(await html("/roles/manager", of()), /Resident memory over the last hour: now \d/);
  assertMatch(memory, /href="\/roles\/manager\?level=ERROR&amp;span=day"/);
});

Deno.test("a value of yesterday is in the day's chart; charts to which nothing comes stay the same for 10 s", async () => {
  const spike = agentsRecord([agent("a", 1)], { lagMs: 90_000 });
  const then = { ...status({ agents: spike }), at: NOW - 20 * 3_600_000 };
  const samples = withDaySample(withDaySample(details(0).samples("day"), then), status());
  const setup = { ...of(), details: { ...details(), samples: () => samples } };
  assertMatch(await html("/?span=day", setup), /highest 90 s|highest 1 min 30 s/);
  assert(!/highest 1 min 30 s/.test(await html("/", setup)), "it is not of the last hour");
  const at = (now: number) =>
    html("/", { ...of(), readStatus: () => Promise.resolve({ ...status(), at: now }) });
  const begin = Math.ceil(NOW / SAMPLED.hour.sampleMs) * SAMPLED.hour.sampleMs;
  const past = (page: string) => page.match(/<section id="past".*?<\/section>/s)![0];
  assertEquals(past(await at(begin + 1000)), past(await at(begin + 9000)));
  assertMatch(past(await at(begin)), /class="line"/);
});

Deno.test("what is cut is whole on hover", async () => {
  const port = "p".repeat(90);
  const { ports } = facts();
  const page = await html(
    "/",
    of({
      ports: { ...ports!, recent: [{ ...ports!.recent[0]!, port, host: "host-1" }] },
      events: [{ source: "s".repeat(60), at: NOW, level: "info", message: "m" }],
    }),
  );
  assert(page.includes(`<span class="cut" title="${port}">${"p".repeat(63)}…</span>`));
  assert(page.includes(`title="${"s".repeat(60)}"`));
});

Deno.test("the configuration in force is shown with where it comes from, and no secret", async () => {
  const { effective } = resolveConfig({
    flags: { "port_status_threads": "7" },
    env: {
      CONDUCTOR_API_TOKEN: "s3cret-token",
      CONDUCTOR_TRANSPORT_URL: "rabbit://neutron:s3cret-bus@10.0.0.5:5672/",
      CONDUCTOR_NEUTRON_URL: "http://10.0.0.6:9696",
    },
    files: [],
    hostname: "node-1",
  });
  const [fed, feed] = [new Fed(), new PageFeed()];
  assertEquals(fed.configuration(), []);
  const told: string[] = [];
  feed.configure(effectiveRows(effective));
  feed.attach((lines) => (told.push(...lines.split("\n")), Promise.resolve()));
  await Promise.resolve();
  assert(!told.join().includes("s3cret"), "no secret leaves the supervisor");
  for (const line of told) fed.take(line);
  assertEquals(fed.configuration().length, effective.length);
  const setup = { details: { ...details(), configuration: () => fed.configuration() } };
  const page = await html("/configuration", setup);
  assertMatch(page, />port_status_threads<\/th><td class="wide">7.*?<b>--port-status-threads<\/b>/);
  assertMatch(page, />transport_url<\/th><td class="wide">\(set\)/);
  assert(!page.includes("s3cret"));
  const given = await html("/configuration?show=given", setup);
  assertEquals(given.match(/<th scope="row"/g)?.length, 4);
  const { options } = await (await app(setup).request("/api/v1/configuration")).json();
  assertEquals(options.length, effective.length);
  assertMatch(await html("/configuration"), /Not told by the supervisor yet/);
});

Deno.test("answers are compressed for those who can read that, streams of events are not", async () => {
  const agents = agentsRecord(
    Array.from({ length: 5000 }, (_, i) => agent(`compute-${i}.example.org`, i * 100)),
  );
  const server = app({ ...of({ agents }), details: details(5000) });
  const get = (path: string, encoding?: string) =>
    server.request(path, { headers: encoding ? { "accept-encoding": encoding } : {} });
  const plain = await (await get("/")).arrayBuffer();
  const response = await get("/", "gzip, deflate, br");
  assertEquals(response.headers.get("content-encoding"), "gzip");
  assertMatch(response.headers.get("vary") ?? "", /accept-encoding/i);
  const packed = await response.arrayBuffer();
  assert(packed.byteLength * 3 < plain.byteLength, `${packed.byteLength} of ${plain.byteLength}`);
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  assertEquals(await new Response(unpacked).text(), new TextDecoder().decode(plain));
  const stream = await get("/events?view=/", "gzip");
  assertEquals(stream.headers.get("content-encoding"), null);
  await stream.body!.cancel();
});
