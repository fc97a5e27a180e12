import { startLabEtcd } from "../../lab/etcd_process.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";

Deno.test("the end of the lab's etcd is told", async () => {
  const stateDir = await Deno.makeTempDir();
  const base = testConfig();
  const config = { stateDir, lab: { ...base.lab, etcdPort: freePort(2) } };
  const log = new LogRecorder();
  const { signal } = new AbortController();
  const job = { log, clock: systemClock, alive: () => {} };
  {
    await using etcd = await startLabEtcd(config, job, signal);
    Deno.kill(Number(log.records.at(-1)!.fields.etcdPid), "SIGKILL");
    let end: string | null = null;
    etcd.failed.catch((error) => end = String(error));
    assertMatch(
      await eventually("the end is told", () => end),
      /the lab's etcd has ended \(SIGKILL\)/,
    );
  }
  await Deno.remove(stateDir, { recursive: true });
});

/** Status and CORS header of an answer, with any Host header: `fetch` sets its own. */
async function ask(port: number, request: string, headers: readonly string[], body = "") {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [`${request} HTTP/1.1`, ...headers, `Content-Length: ${body.length}`];
  lines.push("Connection: close", "", body);
  await connection.write(new TextEncoder().encode(lines.join("\r\n")));
  const answer = await new Response(connection.readable).text();
  return {
    status: Number(answer.split(" ")[1]),
    shared: /^access-control-allow-origin/im.test(answer),
  };
}

Deno.test("the lab's etcd serves no page: no JSON gateway, and no name but loopback's", async () => {
  const stateDir = await Deno.makeTempDir();
  const port = freePort(2);
  const config = { stateDir, lab: { ...testConfig().lab, etcdPort: port } };
  const job = { log: new LogRecorder(), clock: systemClock, alive: () => {} };
  {
    await using _etcd = await startLabEtcd(config, job, new AbortController().signal);
    const own = `Host: 127.0.0.1:${port}`;
    const other = ["Host: page.example", "Origin: http://page.example"];
    const put = JSON.stringify({ key: btoa("a"), value: btoa("b") });
    const ours = { status: 200, shared: false };
    assertEquals(await ask(port, "GET /health", [own]), ours);
    assertEquals(await ask(port, "GET /health", [own, other[1]!]), ours);
    assertEquals((await ask(port, "GET /health", other)).status, 421);
    assertEquals((await ask(port, "POST /v3/kv/put", [own, other[1]!], put)).status, 404);
  }
  await Deno.remove(stateDir, { recursive: true });
});
