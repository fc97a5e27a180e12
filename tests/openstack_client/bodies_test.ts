import { systemClock } from "../../lib/base/clock.ts";
import { ANSWER_BYTES, LIST_BYTES, readBeginning } from "../../lib/openstack/body.ts";
import { readJson } from "../../lib/openstack/http.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NovaClient } from "../../lib/openstack/nova.ts";
import { revisionSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { withKeystone } from "./fake_keystone.ts";
import { failure, type FakeNeutron, withNeutron } from "./fake_neutron.ts";

const { signal } = new AbortController();
const MIB = 1024 * 1024;
const list = ({ neutron }: FakeNeutron) => neutron.list("ports", revisionSchema, signal);

/** Spaces without an end, which JSON allows, until `stop` aborts; `sent` tells how many. */
function endless(chunk = MIB, everyMs = 0, stop = new AbortController()) {
  const state = { sent: 0, cancelled: false };
  const spaces = new Uint8Array(chunk).fill(32);
  const body = new ReadableStream({
    async pull(controller) {
      if (everyMs > 0) await systemClock.sleep(everyMs, stop.signal).catch(() => {});
      if (stop.signal.aborted) return controller.close();
      if (state.cancelled) return;
      state.sent += chunk;
      controller.enqueue(spaces.slice());
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { state, body };
}

Deno.test("an endless page is read to its bound and no further; the error names URL and bound", () =>
  withNeutron(async (scene) => {
    const { state, body } = endless();
    scene.meddle = () => new Response(body);
    const why = await failure(list(scene));
    assertMatch(
      why,
      /^http:\/\/127\.0\.0\.1:\d+\/v2\.0\/ports sent more than 256 MiB, and was not read on$/,
    );
    assertEquals(scene.requests.length, 1, "asking again would not make it shorter");
    assert(state.sent < LIST_BYTES + 64 * MIB, `${state.sent / MIB} MiB were sent`);
  }, { timeoutMs: 60_000 }));

Deno.test("what decompression makes of a small body is what counts", () =>
  withNeutron(async (scene) => {
    const long = new Blob([new Uint8Array(ANSWER_BYTES + 1).fill(32)]).stream();
    const packed = await new Response(long.pipeThrough(new CompressionStream("gzip"))).bytes();
    assert(packed.length < MIB, `${packed.length} bytes`);
    scene.meddle = () => new Response(packed, { headers: { "content-encoding": "gzip" } });
    assertMatch(await failure(scene.neutron.askExtensions(signal)), /sent more than 16 MiB/);
  }));

Deno.test("a slow endless page ends by the request's deadline", () =>
  withNeutron(async (scene) => {
    const stop = new AbortController();
    scene.meddle = (_, count) => {
      if (count > 1) return Response.json({ ports: [], ports_links: [{ rel: "previous" }] });
      return new Response(endless(1, 20, stop).body);
    };
    assertEquals(await list(scene), { items: [], refused: [] });
    assertEquals(scene.requests.length, 2);
    stop.abort(); // the server may still pause before it sees that nobody listens
  }, { timeoutMs: 400 }));

Deno.test("an answer that is no list has a smaller bound", () =>
  withNeutron(async (scene) => {
    const { state, body } = endless();
    scene.meddle = () => new Response(body);
    const why = await failure(scene.neutron.askExtensions(signal));
    assertMatch(why, /\/v2\.0\/extensions sent more than 16 MiB/);
    assert(state.sent < ANSWER_BYTES + 64 * MIB);
  }));

Deno.test("of an error's body only its beginning is read", () =>
  withNeutron(async (scene) => {
    const { state, body } = endless();
    scene.meddle = () => new Response(body, { status: 403 });
    assertMatch(await failure(list(scene)), /\/v2\.0\/ports answered 403: nothing more$/);
    assert(state.sent < 64 * MIB, `${state.sent / MIB} MiB were sent`);
  }));

Deno.test("Keystone's bodies are bounded too", () =>
  withKeystone(async (keystone) => {
    const openstack = {
      ...testConfig().openstack,
      authUrl: `${keystone.url}/v3`,
      credential: { method: "token", token: "given", project: null } as const,
    };
    using auth = new KeystoneAuth(openstack, systemClock);
    keystone.answer.override = () => new Response(endless().body, { status: 201 });
    assertMatch(await failure(auth.token(signal)), /\/auth\/tokens sent more than 16 MiB/);
  }));

Deno.test("Nova's bodies are bounded too", () =>
  withNeutron(async (scene) => {
    const nova = new NovaClient(`${scene.neutron.config.neutronUrl}/v2.1`, scene.neutron.auth);
    scene.meddle = () => new Response(endless().body);
    const why = await failure(nova.networkVifPlugged("server", "port", signal));
    assertMatch(why, /os-server-external-events sent more than 16 MiB/);
  }));

const NO_LISTS: Record<string, [body: string, why: RegExp]> = {
  "HTML": ["<html>maintenance</html>", /did not send JSON/],
  "nothing": ["", /did not send JSON/],
  "half of a list": ['{"ports":[{"id":"p-1"', /did not send JSON/],
  "null": ["null", /sent no list of ports/],
  "a list of its own": ['[{"id":"p-1"}]', /sent no list of ports/],
  "another collection": ['{"networks":[]}', /sent no list of ports/],
  "an object for a list": ['{"ports":{}}', /sent no list of ports/],
  "null for a list": ['{"ports":null}', /sent no list of ports/],
};
for (const [what, [body, why]] of Object.entries(NO_LISTS)) {
  Deno.test(`200 with ${what} is an error, never an empty list`, () =>
    withNeutron(async (scene) => {
      scene.meddle = () => new Response(body);
      assertMatch(await failure(list(scene)), why);
    }));
}

Deno.test("a body of exactly the bound is whole; characters are not cut between chunks", async () => {
  const text = "ä€😀".repeat(3);
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, cut));
        controller.enqueue(bytes.slice(cut));
        controller.close();
      },
    });
    const read = await readBeginning(new Response(body), bytes.length);
    assertEquals([read.text, read.whole], [text, true]);
  }
  const { text: part, whole } = await readBeginning(new Response(bytes), bytes.length - 1);
  assert(!whole && part.startsWith("ä€😀ä€"));
  assertEquals((await readBeginning(new Response(null), 5)).text, "");
  assertEquals(await readJson(new Response('{"a":1}')), { a: 1 });
});
