import { Etcd3 } from "etcd3";
import { conductorPrefix, electionKey } from "../../lib/calico/regions.ts";
import { systemClock } from "../../lib/clock.ts";
import { ClusterRegistry } from "../../lib/election/cluster.ts";
import { StateStore } from "../../lib/state_store.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";

Deno.test(
  "the cloud's record fits into the KV file whatever etcd holds, with the raw election key",
  { sanitizeOps: false, sanitizeResources: false },
  async () => {
    await using server = await startEtcd();
    const etcd = new Etcd3({ hosts: server.url });
    const dir = await Deno.makeTempDir({ prefix: "cluster-" });
    const store = await StateStore.open(dir);
    const stop = new AbortController();
    const log = new LogRecorder();
    const node = {
      name: "node-1",
      version: "1",
      roles: ["manager"],
      since: 1,
      diagnostics: "10.0.0.1:9797",
    };
    const registry = new ClusterRegistry({
      etcd,
      region: null,
      node,
      id: "node-1:7",
      store,
      clock: systemClock,
      log,
    });
    try {
      const prefix = conductorPrefix(null);
      for (let i = 1; i <= 100; i++) {
        const term = {
          term: String(i),
          node: "n",
          id: "n:1",
          start: i,
          end: i + 1,
          reason: "ü".repeat(3000),
        };
        await etcd.put(`${prefix}terms/${String(i).padStart(20, "0")}`).value(JSON.stringify(term));
      }
      const lease = etcd.lease(30);
      await lease.put(electionKey(null)).value("node-1:7<b>");
      const running = registry.run(stop.signal);
      const cluster = await eventually("the record", () => store.readCluster());
      assert(
        cluster.terms.length > 0 && cluster.terms.length < 100,
        `${cluster.terms.length} terms`,
      );
      assertEquals(cluster.terms[0]!.term, "100");
      const key = cluster.electionKey!;
      assertEquals([key.key, key.value, key.version], [electionKey(null), "node-1:7<b>", "1"]);
      assertEquals(key.leaseGrantedSeconds, 30);
      assert(key.leaseLeftSeconds! > 20 && key.createRevision === key.modRevision);
      stop.abort();
      await running;
      await lease.revoke();
      assertEquals(log.at("warn"), []);
    } finally {
      stop.abort();
      etcd.close();
      store[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
