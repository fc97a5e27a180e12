import { assert, assertEquals, eventually } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { type Change, mirror } from "../../lib/etcd/mirror.ts";

/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const client = (port: number) =>
  openEtcd({ ...testConfig().etcd, endpoints: [`http://127.0.0.1:${port}`] });

/** A TCP proxy whose connections can be cut. */
function startProxy(target: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const open = new Set<Deno.TcpConn>();
  (async () => {
    for await (const near of listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: target });
      for (const conn of [near, far]) open.add(conn as Deno.TcpConn);
      near.readable.pipeTo(far.writable).catch(() => {});
      far.readable.pipeTo(near.writable).catch(() => {});
    }
  })().catch(() => {});
  const cut = () => {
    for (const conn of open) {
      try {
        conn.close();
      } catch { /* closed by the other side */ }
    }
    open.clear();
  };
  return {
    port: (listener.addr as Deno.NetAddr).port,
    cut,
    [Symbol.dispose]() {
      listener.close();
      cut();
    },
  };
}

function collect(port: number, wants: (key: string) => boolean = () => true) {
  const etcd = client(port);
  const stop = new AbortController();
  const changes: Change[] = [];
  const done = (async () => {
    const source = mirror(etcd, "/w/", {
      signal: stop.signal,
      clock: systemClock,
      wants,
      roundTripKey: "/w/round-trip",
      onTrouble: () => {},
    });
    for await (const batch of source) changes.push(...batch);
  })().catch((error) => assert(stop.signal.aborted, String(error)));
  return {
    changes,
    async stop() {
      stop.abort();
      await done;
      etcd.close();
    },
  };
}

Deno.test("connections cut all the time: every put is seen once, in order", GRPC, async () => {
  await using server = await startEtcd();
  using proxy = startProxy(server.port);
  const writer = client(server.port);
  const follower = collect(proxy.port);
  const cutting = setInterval(proxy.cut, 250);
  try {
    for (let i = 0; i < 1500; i++) await writer.put(`/w/${i % 7}`).value(String(i)).exec();
    clearInterval(cutting);
    const last = () => new TextDecoder().decode(follower.changes.at(-1)?.value ?? undefined);
    await eventually("the last put", () => last() === "1499", 15_000);
    const live = follower.changes.filter((change) => change.live)
      .map((change) => Number(new TextDecoder().decode(change.value!)));
    const first = live[0]!;
    assertEquals(live, Array.from({ length: live.length }, (_, i) => first + i));
    assertEquals(live.length + first, 1500);
  } finally {
    clearInterval(cutting);
    await follower.stop();
    writer.close();
  }
});

Deno.test(
  "after a compaction behind its back: exactly the differences, vanished keys too",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const writer = client(server.port);
    using proxy = startProxy(server.port);
    for (const key of ["a", "b", "c"]) await writer.put(`/w/${key}`).value("1").exec();
    const follower = collect(proxy.port);
    try {
      await eventually("the snapshot", () => follower.changes.length === 3);
      server.process.kill("SIGSTOP");
      proxy.cut();
      server.process.kill("SIGCONT");
      const [, , changed] = await Promise.all([
        writer.delete().key("/w/a"),
        writer.put("/w/b").value("2").exec(),
        writer.put("/w/d").value("1").exec(),
      ]);
      const revision = changed.header.revision;
      await writer.kv.compact({ revision, physical: true });
      await eventually("the differences", () => {
        const latest = new Map(follower.changes.map((change) => [change.key, change.value]));
        return latest.get("/w/a") === null && latest.has("/w/d") &&
          new TextDecoder().decode(latest.get("/w/b")!) === "2";
      }, 15_000);
      assertEquals(follower.changes.filter((change) => change.key === "/w/c").length, 1);
    } finally {
      await follower.stop();
      writer.close();
    }
  },
);

Deno.test("keys that are not wanted are dropped", GRPC, async () => {
  await using server = await startEtcd();
  const writer = client(server.port);
  const follower = collect(server.port, (key) => key.endsWith("x"));
  try {
    for (const key of ["a", "x"]) await writer.put(`/w/${key}`).value("1").exec();
    await eventually("the wanted key", () => follower.changes.length > 0);
    assertEquals(follower.changes.map((change) => change.key), ["/w/x"]);
  } finally {
    await follower.stop();
    writer.close();
  }
});
