import { systemClock } from "../../lib/base/clock.ts";
import { endpointName, endpointNameParts, resourcePrefixes } from "../../lib/calico/keys.ts";
import { EndpointHostsReader } from "../../lib/status/endpoint_hosts_file.ts";
import { EndpointHosts } from "../../lib/sync/endpoint_hosts.ts";
import { CloudIndex } from "../../lib/sync/index/cloud_index.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { withNode } from "./node_scene.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const prefix = resourcePrefixes(null).WorkloadEndpoint;

function withKeys(hosts: Record<string, number>): CloudIndex {
  const index = new CloudIndex(null);
  for (const [host, count] of Object.entries(hosts)) {
    for (let i = 0; i < count; i++) {
      const [device, port] = [crypto.randomUUID(), crypto.randomUUID()];
      index.seen("WorkloadEndpoint", prefix + endpointName(host, device, port), "5", port);
    }
  }
  return index;
}

Deno.test("hosts are counted by their names, in the term's file, not more often than once a minute", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "hosts-" });
  const clock = new FakeClock(Date.now());
  const term = { term: "9", id: "n:1", electionKey: "/e", signal: new AbortController().signal };
  const config = { region: null, stateDir };
  const hosts = new EndpointHosts(term, config, { clock, log: new LogRecorder() });
  const read = async (of = "9") => {
    const found = await new EndpointHostsReader(stateDir, of).read(clock.now());
    return found && Object.fromEntries(found);
  };
  assertEquals(await read(), null);
  const names = { "host-00": 2, "Host-00": 1, "a-openstack-b": 3 };
  await hosts.publish(withKeys(names));
  assertEquals(await read(), names);
  assertEquals(await read("8"), null, "another term's");
  await hosts.publish(withKeys({}));
  assertEquals(await read(), names, "not due");
  await hosts.publish(withKeys({ h: 1 }), true);
  assertEquals(await read(), { h: 1 });
  clock.step(7 * 3_600_000);
  assertEquals(await read(), null, "too old");
  await Deno.remove(stateDir, { recursive: true });
});

for (const startupResync of ["always", "never"] as const) {
  Deno.test(
    `a run over everything tells of all hosts; startup resync: ${startupResync}`,
    GRPC,
    async () => {
      await withNode({ startupResync }, async ({ etcd, config, lead, elect, everything }) => {
        const of = (keys: string[]) =>
          keys.filter((key) => key.startsWith(prefix))
            .map((key) => endpointNameParts(key.slice(prefix.length))!.host);
        const old = prefix + endpointName("old-host", crypto.randomUUID(), crypto.randomUUID());
        await etcd.put(old).value("{}").exec();
        const term = await elect();
        await lead(term);
        const reader = new EndpointHostsReader(config.stateDir, term);
        const hosts = await eventually("the file", () => reader.read(systemClock.now()), 30_000);
        const total = [...hosts!.values()].reduce((sum, count) => sum + count, 0);
        if (startupResync === "never") {
          // Nothing is written, and what Neutron wants is told all the same.
          assertEquals(of(Object.keys(await everything())), ["old-host"]);
          assert(total > 1 && !hosts!.has("old-host"));
        } else {
          const found = of(Object.keys(await everything()));
          assertEquals([...hosts!.keys()].sort(), [...new Set(found)].sort());
          assertEquals(total, found.length);
          assert(!hosts!.has("old-host"), "it was removed");
        }
      });
    },
  );
}
