import { assertEquals, assertMatch } from "../support/assert.ts";
import type { ActionDeps } from "../../lib/diagnostics/api/action_routes.ts";
import { RestartRefusedError, UnknownRoleError } from "../../lib/state/restart_request.ts";
import { testApp } from "./test_app.ts";

interface Asked {
  by: string;
  pauseSeconds: number;
}

function app(token: string | null, asked: Asked[], outcome: "stepped down" | "not leading" | null) {
  return testApp({
    actions: {
      token,
      requestResync(request) {
        asked.push({ by: request.by, pauseSeconds: request.ports.length });
        if (outcome === "not leading") return Promise.reject(new Error("this node does not lead"));
        return Promise.resolve({ id: "id-1" });
      },
      stepDown(by, pauseSeconds) {
        asked.push({ by, pauseSeconds });
        return outcome
          ? Promise.resolve(outcome)
          : Promise.reject(new Error("no manager answered"));
      },
    },
  });
}

interface Try {
  token?: string | null;
  from?: string;
  httpVersion?: string;
  headers?: Record<string, string>;
  body?: string;
  outcome?: "stepped down" | "not leading" | null;
}

async function act(given: Try = {}): Promise<{ code: number; text: string; asked: Asked[] }> {
  const { token = null, from = "127.0.0.1", headers = {}, body, outcome = "stepped down" } = given;
  const { httpVersion } = given;
  const asked: Asked[] = [];
  const response = await app(token, asked, outcome).request("/api/v1/step-down", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  }, { remoteAddr: { hostname: from }, httpVersion });
  return { code: response.status, text: await response.text(), asked };
}

const NEVER: [string, Try, number][] = [
  ["from elsewhere without a token configured", { from: "10.0.0.9" }, 403],
  ["from elsewhere with a token that nobody configured", {
    from: "10.0.0.9",
    headers: { authorization: "Bearer x" },
  }, 403],
  ["without the configured token, even from loopback", { token: "secret" }, 401],
  ["with a wrong token", { token: "secret", headers: { authorization: "Bearer secreT" } }, 401],
  ["with a longer token", { token: "secret", headers: { authorization: "Bearer secret0" } }, 401],
  ["with part of the token", { token: "secret", headers: { authorization: "Bearer secre" } }, 401],
  ["from a page of another site", { headers: { origin: "http://evil.example" } }, 403],
  ["from a page without an origin", { headers: { origin: "null" } }, 403],
  ["as a browser's cross-site request", { headers: { "sec-fetch-site": "cross-site" } }, 403],
  ["as a browser's same-site request", { headers: { "sec-fetch-site": "same-site" } }, 403],
  ["from another port of our own host", {
    headers: { host: "localhost:9797", origin: "http://localhost:1" },
  }, 403],
  ["as a form, which any site may send", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
  }, 415],
  ["with nonsense", { body: "{" }, 400],
  ["with an unknown field", { body: '{"pause":3}' }, 400],
  ["with a pause of another kind", { body: '{"pause_seconds":-1}' }, 400],
  ["with a huge body", { body: JSON.stringify({ x: "y".repeat(70_000) }) }, 413],
];
/** Each as some proxy, load balancer or content network sets it. */
const FORWARDED: Readonly<Record<string, string>> = {
  "Forwarded": "for=192.0.2.1",
  "Via": "1.1 proxy",
  "X-Forwarded-For": "127.0.0.1",
  "X-Forwarded-Host": "localhost",
  "X-Forwarded-Proto": "https",
  "X-Real-IP": "127.0.0.1",
  "X-Client-IP": "192.0.2.1",
  "Client-IP": "192.0.2.1",
  "True-Client-IP": "192.0.2.1",
  "X-Cluster-Client-IP": "192.0.2.1",
  "CF-Connecting-IP": "192.0.2.1",
  "Fastly-Client-IP": "192.0.2.1",
  "CDN-Loop": "cdn",
  "X-Envoy-External-Address": "192.0.2.1",
  "X-Amzn-Trace-Id": "Root=1",
  "X-Azure-ClientIP": "192.0.2.1",
  "X-Original-URI": "/",
  "X-Remote-User": "somebody",
  "Proxy-Connection": "keep-alive",
};
for (const [name, value] of Object.entries(FORWARDED)) {
  Deno.test(`an action with ${name} comes from elsewhere and needs a token`, async () => {
    const refused = await act({ headers: { [name]: value } });
    assertEquals([refused.code, refused.asked], [403, []]);
    assertMatch(refused.text, /without CONDUCTOR_API_TOKEN,.*has come through a proxy/);
    const headers = { [name]: value, authorization: "Bearer secret" };
    assertEquals((await act({ token: "secret", headers })).code, 200);
  });
}

Deno.test("only this machine at a loopback host acts without a token, whatever connects from it", async () => {
  const code = async (given: Try) => (await act(given)).code;
  for (const host of ["localhost", "LOCALHOST:9797", "127.0.0.1:9797", "127.0.0.5", "[::1]:9797"]) {
    for (const from of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      assertEquals(await code({ from, headers: { host } }), 200, `${host} from ${from}`);
    }
  }
  for (const host of ["192.0.2.1", "192.0.2.1:9797", "[2001:db8::1]", "[::]", "0.0.0.0"]) {
    assertEquals(await code({ headers: { host } }), 403, host);
    assertMatch((await act({ headers: { host } })).text, /for another host than localhost/);
    assertEquals(
      await code({ token: "secret", headers: { host, authorization: "Bearer secret" } }),
      200,
      host,
    );
  }
  for (const from of ["10.0.0.1", "127.0.0.2", "2001:db8::1", "::ffff:10.0.0.1", ""]) {
    assertEquals(await code({ from }), 403, from);
  }
  assertEquals(await code({ httpVersion: "1.0" }), 403, "what only proxies speak");
  assertEquals(await code({ httpVersion: "1.1" }), 200);
  assertEquals(await code({ headers: { host: "127.example.org" } }), 403, "a name is no address");
});

Deno.test("a token may have more characters than RFC 6750 knows", async () => {
  const token = "a b!$%^&*(){}";
  const headers = { authorization: `Bearer ${token}` };
  assertEquals((await act({ token, headers })).code, 200);
  assertEquals((await act({ token, headers: { authorization: "bearer  a" } })).code, 401);
});

for (const [what, given, code] of NEVER) {
  Deno.test(`an action is refused ${what}: ${code}`, async () => {
    const answer = await act(given);
    assertEquals([answer.code, answer.asked], [code, []]);
  });
}

Deno.test("a step-down from loopback is passed on with who and how long", async () => {
  const answer = await act({ body: '{"pause_seconds":5}' });
  assertEquals(answer.code, 200);
  assertEquals(answer.asked, [{ by: "the API from 127.0.0.1, without a token", pauseSeconds: 5 }]);
  assertEquals(JSON.parse(answer.text), { outcome: "stepped down" });
  assertEquals((await act({ from: "::1" })).asked[0]!.pauseSeconds, 60);
});

Deno.test("with the token, actions are taken from anywhere", async () => {
  const headers = { authorization: "Bearer secret" };
  const answer = await act({ token: "secret", from: "10.0.0.9", headers });
  assertEquals(answer.code, 200);
  assertEquals(answer.asked[0]!.by, "the API from 10.0.0.9, with the token");
});

Deno.test("a node that does not lead, and one that does not answer, say so", async () => {
  assertEquals((await act({ outcome: "not leading" })).code, 409);
  const silent = await act({ outcome: null });
  assertEquals(silent.code, 503);
  assertMatch(silent.text, /no manager answered/);
});

Deno.test("who asked for a resync is passed on", async () => {
  const asked: string[] = [];
  const actions: Partial<ActionDeps> = {
    requestResync({ by, dryRun }) {
      asked.push(`${dryRun ? "dry run" : "resync"} by ${by}`);
      return Promise.resolve({ id: "id-1" });
    },
  };
  for (const body of ["", '{"ports":["a","b"],"security_groups":["c"],"dry_run":true}']) {
    await testApp({ actions }).request("/api/v1/resync", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }, { remoteAddr: { hostname: "127.0.0.1" } });
  }
  assertEquals(asked, [
    "resync by the API from 127.0.0.1, without a token",
    "dry run by the API from 127.0.0.1, without a token",
  ]);
});

Deno.test("a resync is passed on, and refused on a standby or with nonsense", async () => {
  const asked: Asked[] = [];
  const post = (body: string, outcome: "stepped down" | "not leading" = "stepped down") =>
    app(null, asked, outcome).request("/api/v1/resync", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }, { remoteAddr: { hostname: "127.0.0.1" } });
  const accepted = await post('{"ports":["a","b"],"dry_run":true}');
  assertEquals([accepted.status, (await accepted.json()).id], [202, "id-1"]);
  assertEquals(asked[0]!.pauseSeconds, 2);
  assertEquals((await post("{}", "not leading")).status, 409);
  assertEquals((await post('{"port":"a"}')).status, 400);
  for (const id of ["a/b", "", "x".repeat(65)]) {
    const malformed = await post(JSON.stringify({ networks: [id] }));
    assertEquals(malformed.status, 400);
    assertMatch((await malformed.json()).error, /the id of an object .* a UUID such as/);
  }
  assertEquals(asked.length, 2, "what is refused is not passed on");
  const none = await app(null, asked, null).request("/api/v1/resync");
  assertEquals(none.status, 404);
});

Deno.test("a restart is passed on with who; unknown, refused and unanswered have their codes", async () => {
  const asked: string[] = [];
  const restart = async (role: string, failure?: Error) => {
    const actions: Partial<ActionDeps> = {
      restart(name, by) {
        asked.push(`${name} by ${by}`);
        return failure ? Promise.reject(failure) : Promise.resolve();
      },
    };
    const response = await testApp({ actions }).request(`/api/v1/roles/${role}/restart`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    }, { remoteAddr: { hostname: "127.0.0.1" } });
    return [response.status, await response.json()] as const;
  };
  assertEquals(await restart("manager"), [
    202,
    { outcome: "restarting", result: "/api/v1/roles/manager" },
  ]);
  assertEquals(asked, ["manager by the API from 127.0.0.1, without a token"]);
  assertEquals(await restart("x", new UnknownRoleError("no role x")), [
    404,
    { error: "no role x" },
  ]);
  assertEquals((await restart("manager", new RestartRefusedError("stops")))[0], 409);
  assertEquals((await restart("manager", new Error("nobody")))[0], 503);
});
