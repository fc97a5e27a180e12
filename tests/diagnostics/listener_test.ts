import { deadline } from "../../lib/base/deadline.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { openListener } from "../../lib/diagnostics/listener.ts";
import { runDiagnostics } from "../../lib/diagnostics/server.ts";
import type { Alive } from "../../lib/state/records.ts";
import { assert, assertEquals, assertMatch, eventually, TIME_FACTOR } from "../support/assert.ts";
import { makeCertificate } from "../support/certificates.ts";
import { freePort } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";
import { drip } from "./drip.ts";
import { testApp } from "./test_app.ts";
import { tempDir } from "../support/temp_dir.ts";

const ADDRESS = { host: "127.0.0.1", port: 0, tls: null };

Deno.test("a request whose head or body does not come in time is let go", async () => {
  let answered = 0;
  const fetch = async (request: Request) => {
    await request.text().catch(() => {});
    answered++;
    return new Response("x");
  };
  const limits = { headersTimeoutMs: 300, requestTimeoutMs: 600 };
  await using listener = await openListener(fetch, ADDRESS, limits);
  const head = "POST / HTTP/1.1\r\nhost: localhost\r\n";
  const slow = await Promise.all([
    drip(listener.port, [], 50),
    drip(listener.port, ["GET / HT"], 50),
    drip(listener.port, [head, ..."abcdefgh".split("").map((c) => `${c}: 1\r\n`)], 200),
    drip(listener.port, [`${head}content-length: 9\r\n\r\n`, "a", "b", "c", "d"], 250),
  ]);
  for (const text of slow.slice(0, 3)) assertMatch(text, /^HTTP\/1\.1 408 /);
  assert(!slow[3]!.includes("200 OK"), slow[3]!);
  assertEquals(answered <= 1, true);
  const quick = `${head}content-length: 1\r\nconnection: close\r\n\r\na`;
  const isAnswered = async () =>
    (await drip(listener.port, [quick], 0)).startsWith("HTTP/1.1 200 OK");
  await eventually("a quick one is answered", isAnswered);
});

Deno.test("a head that is too large is refused, and so is one connection too many", async () => {
  const fetch = () => new Response("x");
  await using listener = await openListener(fetch, ADDRESS, { maxConnections: 2 });
  const large = `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(20_000)}\r\n\r\n`;
  assertMatch(await drip(listener.port, [large], 0), /^HTTP\/1\.1 431 /);
  using _one = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  using _two = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  await new Promise((resolve) => setTimeout(resolve, 50 * TIME_FACTOR));
  const request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
  assertEquals(await drip(listener.port, [request], 0), "");
});

Deno.test("actions come through the socket, with and without a body, and no larger than allowed", async () => {
  await using listener = await openListener(testApp().fetch, ADDRESS);
  const post = async (path: string, body?: BodyInit) => {
    const response = await fetch(`http://127.0.0.1:${listener.port}/api/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    return [response.status, await response.text()] as const;
  };
  assertEquals((await post("roles/manager/restart"))[0], 202);
  assertEquals((await post("resync", '{"ports":["a"]}'))[0], 202);
  assertEquals((await post("resync", "{"))[0], 400);
  const large = `{"ports":["${"a".repeat(70_000)}"]}`;
  assertEquals((await post("resync", large))[0], 413);
  // Without a content length the body is counted as it comes.
  assertEquals((await post("resync", new Blob([large]).stream()))[0], 413);
});

Deno.test("what is being answered when the listener closes is answered", async () => {
  const [asked, answering] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const listener = await openListener(async () => {
    asked.resolve();
    await answering.promise;
    return new Response("done");
  }, ADDRESS);
  const answer = fetch(`http://127.0.0.1:${listener.port}/`);
  await asked.promise;
  const closed = listener[Symbol.asyncDispose]();
  setTimeout(answering.resolve, 50);
  assertEquals(await (await answer).text(), "done");
  await closed;
});

Deno.test("who has not ended the handshake does not hold up the listener's end", async () => {
  await using dir = await tempDir();
  const files = await makeCertificate(dir.path, "one");
  const tls = {
    cert: await Deno.readTextFile(files.cert),
    key: await Deno.readTextFile(files.key),
  };
  const limits = { headersTimeoutMs: 3_600_000, requestTimeoutMs: 3_600_000 };
  const listener = await openListener(() => new Response("x"), { ...ADDRESS, tls }, limits);
  using _silent = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const ended = Promise.resolve(listener[Symbol.asyncDispose]()).then(() => true);
  assert(await deadline(ended, 30_000, () => false), "it waits for the handshake");
});

Deno.test("a stream outlives the limits of a request, and its end is seen", async () => {
  const app = testApp({ maxStreams: 1 });
  const limits = { headersTimeoutMs: 200, requestTimeoutMs: 300 };
  await using listener = await openListener(app.fetch, ADDRESS, limits);
  const url = `http://127.0.0.1:${listener.port}/events`;
  for (const _ of [1, 2]) {
    const leave = new AbortController();
    const response = await eventually("there is room for a stream", async () => {
      const answer = await fetch(url, { signal: leave.signal });
      if (answer.status === 200) return answer;
      await answer.body?.cancel();
      return null;
    });
    const reader = response.body!.getReader();
    const until = Date.now() + 1000;
    let beats = 0;
    while (Date.now() < until || beats <= 3) {
      const { value, done } = await reader.read();
      assert(!done, "the stream ended");
      beats += new TextDecoder().decode(value).split("event: beat").length - 1;
    }
    leave.abort();
    await reader.read().catch(() => {});
  }
});

interface Page extends AsyncDisposable {
  url: string;
  log: LogRecorder;
  alive: Pick<Alive, "doing" | "problem">;
}

/** The page of a node with that certificate. */
function page(tls: { cert: string; key: string } | null): Page {
  const stop = new AbortController();
  const log = new LogRecorder();
  const port = freePort();
  const config = { ...testConfig().diagnostics, port, tls };
  const shown: Page = {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    log,
    alive: { doing: "", problem: null },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
  const alive = (doing: string, problem: string | null = null) => shown.alive = { doing, problem };
  // The store is read by the app's own dependencies, which are the fixtures.
  const job = { log, alive, store: null as never, clock: { ...systemClock, sleep: quick } };
  const done = runDiagnostics(testApp({ signal: stop.signal }), config, job, stop.signal);
  return shown;
}

/** Waits a hundredth of the time. */
function quick(ms: number, signal?: AbortSignal): Promise<void> {
  return systemClock.sleep(ms / 100, signal);
}

async function trusts(url: string, ca: string): Promise<boolean> {
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(ca)] });
  try {
    const response = await fetch(`${url}/livez`, { client, signal: AbortSignal.timeout(5000) });
    return await response.text() === "alive\n";
  } catch {
    return false;
  }
}

Deno.test("TLS: a certificate that changes is used, one that cannot be is named and not used", async () => {
  await using dir = await tempDir();
  const [one, two] = [
    await makeCertificate(dir.path, "one"),
    await makeCertificate(dir.path, "two"),
  ];
  const used = { cert: `${dir.path}/used.pem`, key: `${dir.path}/used.key` };
  const use = async (files: { cert: string; key: string }) => {
    await Deno.copyFile(files.cert, used.cert);
    await Deno.copyFile(files.key, used.key);
  };
  await use(one);
  await using shown = page(used);
  await eventually("it answers", () => trusts(shown.url, one.cert));
  assert(!await trusts(shown.url, two.cert), "another CA is trusted");
  await Deno.writeTextFile(used.cert, "half of a fi");
  await eventually(
    "it is told",
    () => /certificate cannot be used/.test(shown.alive.problem ?? ""),
  );
  assert(await trusts(shown.url, one.cert), "the old one serves on");
  await use(two);
  await eventually("the new one is used", () => trusts(shown.url, two.cert));
  await eventually("all is well", () => shown.alive.problem === null);
  assert(!await trusts(shown.url, one.cert), "the old one is used still");
});

Deno.test("TLS: a page without its files says so and waits for them", async () => {
  await using dir = await tempDir();
  const files = await makeCertificate(dir.path, "one");
  const late = { cert: `${dir.path}/late.pem`, key: files.key };
  await using shown = page(late);
  await eventually(
    "it is told",
    () => /late\.pem cannot be read/.test(shown.alive.problem ?? ""),
  );
  await Deno.copyFile(files.cert, late.cert);
  await eventually("it answers", () => trusts(shown.url, files.cert));
  assertEquals(shown.log.at("error").length, 1, "said once");
  assert(shown.log.at("info").some(({ message }) => message === "the page can be served again"));
});

Deno.test("an address that is taken is waited for", async () => {
  await using holder = await openListener(() => new Response("other"), ADDRESS);
  const config = { ...testConfig().diagnostics, port: holder.port };
  const stop = new AbortController();
  const problems: (string | null)[] = [];
  const alive = (_doing: string, problem: string | null = null) => problems.push(problem);
  const job = {
    log: new LogRecorder(),
    alive,
    store: null as never,
    clock: { ...systemClock, sleep: quick },
  };
  const done = runDiagnostics(testApp({ signal: stop.signal }), config, job, stop.signal);
  await eventually("it is told", () => /which is taken/.test(problems.at(-1) ?? ""));
  await holder[Symbol.asyncDispose]();
  await eventually("it serves", () => problems.at(-1) === null);
  stop.abort();
  await done;
});
