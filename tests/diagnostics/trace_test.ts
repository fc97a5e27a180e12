import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { Tracer } from "../../lib/diagnostics/tracer.ts";
import { judgeTrace } from "../../lib/trace/judge.ts";
import type { CloudAccount, Trace } from "../../lib/trace/trace.ts";
import { cloudAccount, cloudPort, fullTrace, PORT } from "../trace/trace_fixture.ts";
import { testApp, withoutIsolation } from "./test_app.ts";

const EVIL = `"'><script>alert(1)</script>&amp;<img src=x>`;

/** An application whose syncer answers, and what it was asked. */
function answering(trace: Trace) {
  const asked: string[] = [];
  const app = testApp({
    trace: (query) => {
      asked.push(query);
      return Promise.resolve(trace);
    },
  });
  return { app, asked };
}

Deno.test("every page has the search box, and the page of a trace shows all of it, escaped", async () => {
  const { app, asked } = answering(fullTrace(EVIL));
  const overview = await (await app.request("/")).text();
  assertMatch(overview, /<form class="filter" method="get" action="\/trace" role="search">/);
  const response = await app.request(`/trace?q=%20${PORT}%20`);
  assertEquals([response.status, asked], [200, [PORT]]);
  const html = await response.text();
  assert(!/<script>|<img|"'>/.test(html), "escaped");
  assert(html.split("&lt;script&gt;").length > 30, "shown");
  assertMatch(html, /differs.*2 ports of 9: not all agree/);
  assertMatch(html, /href="\/resyncs\/abc"/);
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(ids.length, new Set(ids).size, "an id twice");
});

Deno.test("what etcd could not be asked for is not known, rather than not there", async () => {
  const port = cloudPort({ objects: [], keys: [], felix: [], isServed: false });
  const page = async (changes: Partial<CloudAccount>) => {
    const cloud = cloudAccount({ ports: [port], ...changes });
    const { app } = answering(judgeTrace(cloud, null));
    return withoutIsolation(await (await app.request(`/trace?q=${PORT}`)).text());
  };
  const away = await page({ isCompared: false, isSearched: false, agents: [], troubles: ["no"] });
  assertMatch(away, /not known at host-2[^]*What etcd has of it is not known/);
  assert(!/Nothing is there in etcd|no report at/.test(away));
  assertMatch(await page({}), /no report at host-2[^]*Nothing is there in etcd/);
});

Deno.test("what nothing can be called is not asked for, and neither is the empty page", async () => {
  const { app, asked } = answering(fullTrace("x"));
  assertMatch(await (await app.request("/trace")).text(), /Nothing is asked for/);
  const html = await (await app.request(`/trace?q=${encodeURIComponent(`a ${EVIL}`)}`)).text();
  assertMatch(html, /Nothing can have that name/);
  assert(!html.includes("<script>alert"));
  assertEquals((await app.request("/api/v1/trace?q=a%2Fb")).status, 400);
  assertEquals((await app.request("/api/v1/trace?q=")).status, 400);
  assertEquals((await app.request("/api/v1/trace")).status, 400);
  assertEquals(asked, []);
});

Deno.test("the API gives the same, and one trace answers all who ask within seconds", async () => {
  const trace = fullTrace("x");
  const { app, asked } = answering(trace);
  assertEquals(
    await (await app.request(`/api/v1/trace?q=${PORT}`)).json(),
    JSON.parse(JSON.stringify(trace)),
  );
  await (await app.request(`/trace?q=${PORT}`)).text();
  assertEquals(asked, [PORT]);
});

Deno.test("following the page asks for nothing: it shows what was found", async () => {
  const { app, asked } = answering(fullTrace("x"));
  const follow = async () => {
    const view = encodeURIComponent(`/trace?q=${PORT}`);
    const { body } = await app.request(`/events?view=${view}`);
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("trace-page")) text += (await reader.read()).value ?? "";
    await reader.cancel();
    return text;
  };
  assertMatch(await follow(), /Nothing is kept of that trace/);
  await (await app.request(`/trace?q=${PORT}`)).text();
  assertMatch(await follow(), /not all agree/);
  assertEquals(asked, [PORT]);
});

Deno.test("when the syncer does not answer, page and API say so in a sentence", async () => {
  const app = testApp({ trace: () => Promise.reject(new Error("the syncer <is> silent")) });
  const page = await (await app.request(`/trace?q=${PORT}`)).text();
  assertMatch(page, /The syncer &lt;is&gt; silent\./);
  const api = await app.request(`/api/v1/trace?q=${PORT}`);
  assertEquals([api.status, await api.json()], [503, { error: "The syncer <is> silent." }]);
});

Deno.test("traces are asked for one at a time, few wait, and no client asks often", async () => {
  let now = 0;
  let running = 0;
  const turns: PromiseWithResolvers<Trace>[] = [];
  const ask = async () => {
    assertEquals(++running, 1);
    const turn = Promise.withResolvers<Trace>();
    turns.push(turn);
    return await turn.promise.finally(() => running--);
  };
  const tracer = new Tracer(ask, 0.5, () => now);
  const asked = ["a", "b", "c", "d"].map((name, i) => tracer.ask(name, `192.0.2.${i}`, "test"));
  const busy = (of: unknown) => assertMatch(JSON.stringify(of), /"why":"busy"/);
  busy(await tracer.ask("e", "192.0.2.9", "test"));
  busy(await tracer.ask("f", "192.0.2.1", "test"));
  busy(tracer.kept("f"));
  const same = tracer.ask("a", "192.0.2.1", "test");
  const trace = fullTrace("x");
  for (let i = 0; i < asked.length; i++) {
    while (turns.length <= i) await new Promise((resolve) => setTimeout(resolve, 1));
    turns[i]!.resolve(trace);
    assertEquals(await asked[i], { trace });
  }
  assertEquals(await same, { trace });
  assertEquals([tracer.kept("a"), tracer.kept("z")], [{ trace }, null]);
  now = 900_000;
  assertEquals(tracer.kept("a"), null);
});
