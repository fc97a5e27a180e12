import { withLimitedWarnings } from "../../lib/base/rate_limited.ts";
import { exposureOf } from "../../lib/diagnostics/exposure.ts";
import { type ListenerOptions, openListener } from "../../lib/diagnostics/listener.ts";
import { runDiagnostics } from "../../lib/diagnostics/server.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";
import { drip } from "./drip.ts";
import { testApp } from "./test_app.ts";

const FAR = { remoteAddr: { hostname: "192.0.2.7" } };
const JSON_TYPE = { "content-type": "application/json" };
const SECRET = "a-token-of-the-test";

Deno.test("each kind of refusal is logged with address, method, path and host, and never the token", async () => {
  const log = new LogRecorder();
  const app = testApp({ log, requestRate: 3, actions: { token: SECRET } });
  const ask = async (path: string, init: RequestInit) => {
    const response = await app.request(path, init, FAR);
    await response.body?.cancel();
    return response.status;
  };
  const post = (headers: Record<string, string>, body?: string) =>
    ask(`/api/v1/step-down?token=${SECRET}`, {
      method: "POST",
      headers: { authorization: `Bearer not-${SECRET}`, ...headers },
      body,
    });
  const bearer = { ...JSON_TYPE, authorization: `Bearer ${SECRET}` };
  const codes = [
    await ask("/", { headers: { host: "evil.example" } }),
    await ask("/", { headers: { host: "a b" } }),
    await ask("/", { method: "PUT" }),
    await ask(`/${"x".repeat(3000)}`, {}),
    await post({ origin: "http://evil.example" }),
    await post({}),
    await post(JSON_TYPE),
    await post(bearer, "x".repeat(70_000)),
    await ask("/roles/manager/restart", {
      method: "POST",
      headers: {
        host: "localhost",
        origin: "http://localhost",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: `token=not-${SECRET}`,
    }),
  ];
  assertEquals(codes, [403, 400, 405, 414, 403, 415, 401, 413, 401]);
  const lines = log.at("warn");
  assertEquals(lines.map(({ message }) => message), [
    "request refused: this host is not served",
    "request refused: its head is malformed",
    "request refused: this method is not served",
    "request refused: its address is too long",
    "action refused: another site asks for it",
    "action refused: its content type is not JSON",
    "action refused: the token is missing or wrong",
    "action refused: its body is too large",
    "action refused: the token is missing or wrong",
  ]);
  for (const { fields } of lines) assertEquals(fields.address, "192.0.2.7");
  assertEquals(lines[0]!.fields, {
    address: "192.0.2.7",
    method: "GET",
    path: "/",
    host: "evil.example",
  });
  assert(String(lines[3]!.fields.path).length <= 100, "a long path is cut");
  assert(!JSON.stringify(lines).includes(SECRET), "the token is in the log");
  let last = 0;
  for (let i = 0; i < 200 && last !== 429; i++) last = await ask("/livez", {});
  assertEquals(last, 429);
  assertEquals(log.at("warn").at(-1)!.message, "request refused: this client asks too often");
});

Deno.test("what is refused without a token is logged once a minute, with how many were left out", async () => {
  const log = new LogRecorder();
  const clock = new FakeClock();
  const app = testApp({ log: withLimitedWarnings(log, clock) });
  const ask = async (path: string, headers: Record<string, string>, method = "POST") => {
    const response = await app.request(path, { method, headers }, FAR);
    await response.body?.cancel();
  };
  for (let i = 0; i < 5; i++) {
    await ask("/api/v1/step-down", JSON_TYPE);
    await ask("/", { host: "evil.example" }, "GET");
  }
  const said = "action refused: no token is configured, and it comes from another machine";
  const lines = () => log.at("warn").map(({ message, fields }) => [message, fields.leftOut ?? 0]);
  const first = [[said, 0], ["request refused: this host is not served", 0]];
  assertEquals(lines(), first);
  await clock.advance(59_000);
  await ask("/api/v1/resync", JSON_TYPE);
  assertEquals(lines(), first);
  await clock.advance(1000);
  await ask("/api/v1/resync", JSON_TYPE);
  const later = [...first, [said, 5]];
  assertEquals(lines(), later);
  const near = { remoteAddr: { hostname: "127.0.0.1" } };
  for (const [name, value] of [["via", "1.1 proxy"], ["host", "192.0.2.1"]] as const) {
    const headers = { ...JSON_TYPE, [name]: value };
    const response = await app.request("/api/v1/resync", { method: "POST", headers }, near);
    await response.body?.cancel();
  }
  assertEquals(lines(), [
    ...later,
    ["action refused: no token is configured, and it comes through a proxy", 0],
    ["action refused: no token is configured, and its host is not a loopback one", 0],
  ]);
});

const MALFORMED: readonly (readonly [string, string])[] = [
  ["no Host", ""],
  ["an empty one", "host:\r\n"],
  ["two", "host: localhost\r\nHost: localhost\r\n"],
  ["a space in it", "host: a b\r\n"],
  ["a path in it", "host: localhost/x\r\n"],
  ["a user in it", "host: x@localhost\r\n"],
  ["an escape in it", "host: loc%61lhost\r\n"],
  ["a port that is none", "host: localhost:99999\r\n"],
  ["a colon without a port", "host: localhost:\r\n"],
  ["half an IPv6 address", "host: [::1\r\n"],
  ["an address that is none", "host: 999.1.1.1\r\n"],
  ["a URL of another host before it", "host: localhost\r\n"],
];

/** The code, the text and the header Allow of what comes back for these bytes. */
async function raw(port: number, head: string) {
  const text = await drip(port, [`${head}connection: close\r\n\r\n`], 0);
  return {
    code: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]),
    allow: /^allow: (.*)$/mi.exec(text)?.[1]?.trim(),
    text,
  };
}

async function withListener(
  use: (port: number, refused: string[]) => Promise<void>,
): Promise<void> {
  const refused: string[] = [];
  const options: ListenerOptions = {
    refused: (kind, { method, path, host, address }) =>
      refused.push(`${kind}: ${method} ${path} of ${host} from ${address}`),
  };
  const address = { host: "127.0.0.1", port: 0, tls: null };
  await using listener = await openListener(testApp().fetch, address, options);
  await use(listener.port, refused);
}

Deno.test("a malformed Host is answered 400 and told", async () => {
  await withListener(async (port, refused) => {
    for (const [what, headers] of MALFORMED) {
      const target = what.startsWith("a URL") ? "http://evil.example/livez?x" : "/livez?x";
      const { code, text } = await raw(port, `GET ${target} HTTP/1.1\r\n${headers}`);
      assertEquals(code, 400, `${what}: ${text}`);
      assertMatch(text, /x-content-type-options: nosniff/i);
    }
    assertEquals(refused.length, MALFORMED.length);
    assertEquals(refused[2], "malformed: GET /livez of localhost, localhost from 127.0.0.1");
    assert(!refused.some((line) => line.includes("?")), "a query may hold a token");
    const old = await raw(port, "GET /livez HTTP/1.0\r\n");
    assertEquals(old.code, 400);
    const whole = await raw(port, "GET http://LOCALHOST/livez HTTP/1.1\r\nhost: localhost\r\n");
    assertEquals(whole.code, 200, "a whole URL of the same host is a valid target");
  });
});

Deno.test("TRACE and CONNECT are answered 405, and the next request is answered", async () => {
  await withListener(async (port, refused) => {
    for (const line of ["TRACE /livez", "TRACE *", "CONNECT localhost:443", "CONNECT evil:1"]) {
      const answer = await raw(port, `${line} HTTP/1.1\r\nhost: localhost\r\nx-secret: s\r\n`);
      assertEquals([answer.code, answer.allow], [405, "GET, HEAD"], line);
      assert(!answer.text.includes("x-secret"), "headers are given back");
    }
    assertEquals(refused[2], "method: CONNECT localhost:443 of localhost from 127.0.0.1");
    assertEquals((await raw(port, "GET /livez HTTP/1.1\r\nhost: localhost\r\n")).code, 200);
  });
});

Deno.test("an action over HTTP/1.0 needs a token, as proxies speak it that add no header", async () => {
  await withListener(async (port) => {
    const post = (version: string) =>
      raw(
        port,
        `POST /api/v1/resync HTTP/${version}\r\nhost: 127.0.0.1\r\n` +
          "content-type: application/json\r\ncontent-length: 0\r\n",
      );
    assertEquals((await post("1.0")).code, 403);
    assertEquals((await post("1.1")).code, 202);
  });
});

Deno.test("a page for other machines without TLS or without a token is warned of", () => {
  const some = { cert: "c", key: "k" };
  const of = (host: string, tls: typeof some | null, apiToken: string | null, names = 0) =>
    exposureOf({ host, tls, apiToken, allowedHosts: Array(names).fill("a.example") });
  for (const host of ["127.0.0.1", "127.0.0.5", "::1", "localhost"]) {
    assertEquals(of(host, null, null), null, host);
    assertEquals(of(host, null, "t", 1), null, host);
    assertMatch(of(host, null, null, 1)!, /allowed-hosts\) without CONDUCTOR_API_TOKEN: /);
  }
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "node-1", "127.example.org"]) {
    assertEquals(of(host, some, "t"), null);
    assertMatch(of(host, null, "t")!, /without TLS: /);
    assertMatch(of(host, some, null)!, /without CONDUCTOR_API_TOKEN: /);
    assertMatch(of(host, null, null)!, /without TLS and without CONDUCTOR_API_TOKEN: /);
  }
});

Deno.test("the warning comes once, at the start, with the address", async () => {
  const log = new LogRecorder();
  const stop = new AbortController();
  // Of no machine: it is warned of before it is listened on.
  const config = { ...testConfig().diagnostics, host: "192.0.2.1", port: 9797 };
  const problems: (string | null)[] = [];
  const alive = (_doing: string, problem: string | null = null) => problems.push(problem);
  const clock = {
    ...systemClock,
    sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(5, signal),
  };
  const job = { log, alive, store: null as never, clock };
  const done = runDiagnostics(testApp({ signal: stop.signal }), config, job, stop.signal);
  await eventually("it has tried some times", () => problems.length > 3);
  stop.abort();
  await done;
  const warned = log.at("warn").filter(({ message }) => message.includes("for other machines"));
  assertEquals(warned.map(({ fields }) => fields), [{ listen: "192.0.2.1:9797" }]);
});
