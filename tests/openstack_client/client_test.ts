import { systemClock } from "../../lib/base/clock.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { revisionSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { testConfig } from "../support/test_config.ts";

type Answer = Response | "close" | "hang";

interface Scene {
  neutron: NeutronClient;
  auth: KeystoneAuth;
  requests: Request[];
  times: number[];
  list(): Promise<string[]>;
}

/** A client of a server that answers with what `answer` says, request after request. */
async function withServer(
  answer: (request: Request, number: number) => Answer,
  play: (scene: Scene) => Promise<void>,
  options: { clock?: FakeClock; keystone?: boolean; timeoutMs?: number } = {},
): Promise<void> {
  const requests: Request[] = [];
  const times: number[] = [];
  const held = new AbortController();
  const handler = async (request: Request): Promise<Response> => {
    // What is read to warm a worker up: warm_up_test.ts.
    if (request.url.includes("/networks?")) return Response.json({ networks: [] });
    requests.push(request);
    times.push(performance.now());
    const given = answer(request, requests.length);
    if (given === "hang") {
      await new Promise((resolve) => held.signal.addEventListener("abort", resolve));
      return new Response("late");
    }
    // An answer that breaks off in the middle.
    if (given === "close") {
      return new Response(new ReadableStream({ pull: (c) => c.error(new Error("broken")) }));
    }
    return given;
  };
  const server = Deno.serve(
    {
      port: 0,
      hostname: "127.0.0.1",
      onListen: () => {},
      onError: () => new Response("", { status: 500 }),
    },
    handler,
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const config = {
    ...testConfig().openstack,
    neutronUrl: url,
    authUrl: options.keystone ? `${url}/v3` : null,
    requestTimeoutMs: options.timeoutMs ?? 5000,
    pageSize: 2,
  };
  const auth = new KeystoneAuth(config, options.clock ?? systemClock);
  const neutron = new NeutronClient(config, auth);
  const signal = new AbortController().signal;
  const list = async () =>
    (await neutron.list("ports", revisionSchema, signal)).items.map(({ id }) => id);
  try {
    await play({ neutron, auth, requests, times, list });
  } finally {
    held.abort();
    await server.shutdown();
  }
}

const page = (ids: string[], more = false) =>
  Response.json({
    ports: ids.map((id) => ({ id, revision_number: 1 })),
    ports_links: [...more ? [{ rel: "next", href: "x" }] : [], { rel: "previous", href: "x" }],
  });
const error = (status: number, headers: HeadersInit = {}) =>
  Response.json({ NeutronError: { type: "T", message: "why not" } }, { status, headers });

for (const status of [429, 500, 502, 503]) {
  Deno.test(`a ${status} is tried again`, () =>
    withServer((_, n) => n < 3 ? error(status) : page(["a"]), async ({ list, requests }) => {
      assertEquals(await list(), ["a"]);
      assertEquals(requests.length, 3);
    }));
}

for (const status of [400, 403, 409]) {
  Deno.test(`a ${status} is not tried again, and its message is told`, () =>
    withServer(() => error(status), async ({ list, requests }) => {
      assertMatch(String(await list().catch((e) => e)), new RegExp(`answered ${status}: why not`));
      assertEquals(requests.length, 1);
    }));
}

for (const message of [{ toString: 1 }, [["why"]], 7, null]) {
  Deno.test(`a refusal whose message is ${JSON.stringify(message)} is a refusal all the same`, () =>
    withServer(
      () => Response.json({ NeutronError: { type: "Bad", message } }, { status: 409 }),
      async ({ list, requests }) => {
        const said = String(await list().catch((error) => error));
        assertMatch(said, /answered 409: \{"NeutronError":\{"type":"Bad"/);
        assertEquals(requests.length, 1);
      },
    ));
}

Deno.test("Retry-After is honoured", () =>
  withServer(
    (_, n) => n === 1 ? error(503, { "retry-after": "1" }) : page(["a"]),
    async ({ list, times }) => {
      await list();
      assert(times[1]! - times[0]! >= 950, `${times[1]! - times[0]!} ms`);
    },
  ));

Deno.test("what fails all the time is given up after some tries", () =>
  withServer(() => error(503), async ({ list, requests }) => {
    assertMatch(String(await list().catch((e) => e)), /answered 503/);
    assertEquals(requests.length, 4);
  }));

Deno.test("a server that hangs costs a deadline, not forever", () =>
  withServer(
    (_, n) => n === 1 ? "hang" : page(["a"]),
    async ({ list, times }) => {
      assertEquals(await list(), ["a"]);
      assert(times[1]! - times[0]! >= 250);
    },
    { timeoutMs: 300 },
  ));

Deno.test("a page that breaks off is asked for again; one that always does fails the list", async () => {
  let broken = 0;
  let times = 1;
  const answer = (request: Request) => {
    if (!request.url.includes("marker")) return page(["a", "b"], true);
    return broken++ < times ? "close" : page(["c"]);
  };
  await withServer(answer, async ({ list }) => assertEquals(await list(), ["a", "b", "c"]));
  times = Infinity;
  await withServer(answer, async ({ list }) => {
    assertMatch(String(await list().catch((e) => e)), /does not answer/);
  });
});

Deno.test("a marker that is gone restarts the walk; nothing comes twice, nothing is left out", () => {
  const ids = ["a", "b", "c", "d", "e"];
  return withServer((request) => {
    const marker = new URL(request.url).searchParams.get("marker");
    if (marker === "b" && ids.includes("b")) {
      ids.splice(1, 1); // deleted between two pages
      return error(404);
    }
    const from = marker ? ids.indexOf(marker) + 1 : 0;
    return page(ids.slice(from, from + 2), from + 2 < ids.length);
  }, async ({ list }) => assertEquals(await list(), ["a", "b", "c", "d", "e"]));
});

Deno.test("many ids are asked for in several requests", () =>
  withServer(
    (request) => page(new URL(request.url).searchParams.getAll("id").slice(0, 1)),
    async ({ neutron, requests }) => {
      const ids = Array.from({ length: 250 }, (_, i) => `id-${String(i).padStart(3, "0")}`);
      const signal = new AbortController().signal;
      const { items } = await neutron.listBy("ports", revisionSchema, signal, "id", ids);
      assertEquals(items.map(({ id }) => id), ids.filter((_, i) => i % 30 === 0));
      assertEquals(requests.length, 9);
      assertEquals((await neutron.listBy("ports", revisionSchema, signal, "id", [])).items, []);
      assertEquals(requests.length, 9, "nothing to ask for, nothing asked");
    },
  ));

/** Keystone that numbers its tokens, valid for an hour by the clock; ports need the newest. */
function cloud(clock: FakeClock) {
  let issued = 0;
  let revoked = 0;
  return {
    revoke: () => revoked = issued,
    issued: () => issued,
    answer(request: Request): Response {
      if (request.url.endsWith("/v3/auth/tokens")) {
        const expires_at = new Date(clock.now() + 3_600_000).toISOString();
        return Response.json({ token: { expires_at } }, {
          status: 201,
          headers: { "X-Subject-Token": `token-${++issued}` },
        });
      }
      const token = Number(request.headers.get("x-auth-token")?.split("-")[1] ?? 0);
      return token > revoked ? page(["a"]) : error(401);
    },
  };
}

Deno.test("a token is used until shortly before its end, then renewed", () => {
  const clock = new FakeClock(Date.now());
  const keystone = cloud(clock);
  return withServer(keystone.answer, async ({ list }) => {
    await list();
    await list();
    assertEquals(keystone.issued(), 1);
    await clock.advance(3_600_000 - 100_000);
    await list();
    assertEquals(keystone.issued(), 2);
  }, { clock, keystone: true });
});

Deno.test("a token that is revoked is renewed at once", () => {
  const clock = new FakeClock(Date.now());
  const keystone = cloud(clock);
  return withServer(keystone.answer, async ({ list }) => {
    await list();
    keystone.revoke();
    assertEquals(await list(), ["a"]);
    assertEquals(keystone.issued(), 2);
  }, { clock, keystone: true });
});
