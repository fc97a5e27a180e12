import { Etcd3 } from "etcd3";
import { assert, assertEquals, assertRejects, assertWithin } from "../support/assert.ts";
import { watchKeys } from "../support/etcd_events.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { keepLeaseAlive } from "../../lib/etcd/lease.ts";

const GRPC = { sanitizeOps: false, sanitizeResources: false }; // grpc-js keeps timers and sockets

Deno.test("keep-alives beside other calls and a watch, and one of a lease that is gone", {
  ...GRPC,
}, async () => {
  await using server = await startEtcd();
  const etcd = new Etcd3({ hosts: server.url });
  try {
    const { ID } = await etcd.leaseClient.leaseGrant({ TTL: 30 });
    const watch = await watchKeys(etcd, "x", () => {});
    const put = () => etcd.put("x").value("y").lease(ID).exec();
    for (let turn = 0; turn < 10; turn++) {
      const [alive, again] = await Promise.all([
        keepLeaseAlive(etcd, ID, 5000),
        keepLeaseAlive(etcd, ID, 5000),
        put(),
        put(),
      ]);
      assert(alive && again, `turn ${turn}`);
    }
    await watch[Symbol.asyncDispose]();
    await etcd.leaseClient.leaseRevoke({ ID });
    assertEquals(await keepLeaseAlive(etcd, ID, 5000), false);
  } finally {
    etcd.close();
  }
});

Deno.test("a keep-alive that nobody answers ends at its deadline", GRPC, async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  const etcd = new Etcd3({ hosts: `http://127.0.0.1:${port}` });
  const startedAt = performance.now();
  await assertRejects(() => keepLeaseAlive(etcd, "1", 500), Error);
  assertWithin(performance.now() - startedAt, 2000, "the deadline");
  etcd.close();
  silent.close();
});
