import { assert, assertMatch } from "../support/assert.ts";
import { NOW, resync, status } from "./fixtures.ts";
import { type Setup, testApp } from "./test_app.ts";

async function get(path: string, setup?: Setup): Promise<string> {
  return await (await testApp(setup).request(path)).text();
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
