import { RateLimitedLog } from "../../../lib/base/rate_limited.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { EventSync } from "../../../lib/sync/sources/events.ts";
import { followLooks, Looks } from "../../../lib/sync/sources/looks.ts";
import { endpointName, resourcePrefixes } from "../../../lib/calico/keys.ts";
import type { PortSeen } from "../../../lib/openstack/records.ts";
import { portSchema } from "../../../lib/openstack/records.ts";
import { endpointHosts } from "../../../lib/calico/workload_endpoint.ts";
import { LookHints, readLookHints } from "../../../lib/status/look_hints.ts";
import { assert, assertEquals, eventually } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { LogRecorder } from "../../support/log_recorder.ts";
import { tempDir } from "../../support/temp_dir.ts";
import { withCloud } from "../scene.ts";

Deno.test("a binding that is activated silently is seen as soon as Felix speaks of the port there", async () => {
  await withCloud(async ({ cloud, deps, term, etcd, resync }) => {
    await using dir = await tempDir();
    const port = cloud.vmPorts().find((port) =>
      endpointHosts(portSchema.parse(port)).length === 1
    )!;
    const before = String(port["binding:host_id"]);
    const after = before === "host-1" ? "host-2" : "host-1";
    const { index } = await resync();
    const stop = new AbortController();
    const own = { ...term, signal: stop.signal };
    const log = new LogRecorder();
    const context = { clock: systemClock, log };
    const events = new EventSync({
      base: deps,
      term: own,
      context,
      stateDir: dir.path,
      index: () => index,
      compare: () => {},
    });
    const hints = new LookHints(
      term.term,
      dir.path,
      systemClock,
      new RateLimitedLog(log, systemClock),
    );
    const running = [
      events.run(),
      followLooks(own, null, events, context),
      hints.run(stop.signal),
    ];
    const hosts = async () => {
      const keys = await etcd.getAll().prefix(resourcePrefixes(null).WorkloadEndpoint).keys();
      return keys.filter((key) => key.endsWith(port.id.replaceAll("-", "--")))
        .map((key) => /openstack\/(host--\d+)-/.exec(key)?.[1]?.replace("--", "-"));
    };
    try {
      assertEquals(await hosts(), [before]);
      cloud.change("ports", port.id, { "binding:host_id": after });
      hints.add(port.id, after);
      await eventually("its endpoint", async () => (await hosts()).join() === after);
    } finally {
      stop.abort(new Error("the test is over"));
      await Promise.all(running);
    }
  });
});

Deno.test("a port that is known there alone is not read, others at most three times", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  const stop = new AbortController();
  const log = new LogRecorder();
  const index = new CloudIndex(null);
  const prefix = resourcePrefixes(null).WorkloadEndpoint;
  const know = (port: string, ...hosts: string[]) => {
    for (const host of hosts) index.addKey(port, prefix + endpointName(host, "d", port));
  };
  know("here", "a");
  know("elsewhere", "b");
  know("migrating", "a", "b");
  const read: string[][] = [];
  using hints = readLookHints(dir.path);
  const looks = new Looks({
    term: { term: "7", id: "n:1", electionKey: "/election", signal: stop.signal },
    context: { clock, log },
    region: null,
    hints,
    index: () => index,
    look: (ports) => void read.push([...ports].sort()),
  });
  const ring = new LookHints("7", dir.path, clock, new RateLimitedLog(log, clock));
  const writing = ring.run(stop.signal);
  for (const port of ["here", "elsewhere", "migrating", "unknown"]) ring.add(port, "a");
  ring.add("no id, surely", "a");
  const running = looks.run();
  const pass = async (ms: number, count: number) => {
    await clock.advance(ms);
    await eventually(`read ${count} times`, async () => {
      // Files take their own time, and where they cannot be watched they are looked at again after a while.
      await clock.advance(10);
      looks.turn();
      return read.length >= count;
    });
  };
  await pass(1000, 1);
  assertEquals(read, [["elsewhere", "migrating", "unknown"]]);
  know("unknown", "a");
  await pass(2000, 2);
  assertEquals(read[1], ["elsewhere", "migrating"]);
  await pass(8000, 3);
  ring.add("elsewhere", "a"); // again, within a minute
  await clock.advance(30_000);
  looks.turn();
  assertEquals(read.length, 3);
  stop.abort(new Error("the test is over"));
  await Promise.all([running, writing]);
});

Deno.test("a full resync passes on what Neutron shows of every port, also of those that are as they were", async () => {
  await withCloud(async ({ cloud, deps, resync, meddle }) => {
    const seen: PortSeen[] = [];
    const asked: number[] = [];
    const ends: number[] = [];
    Object.assign(deps, {
      onPorts: (ports: readonly PortSeen[], askedAt: number) => {
        seen.push(...ports);
        asked.push(askedAt);
      },
      onPortsEnd: (startedAt: number) => ends.push(startedAt),
    });
    // No two pages within a millisecond.
    meddle(() => new Promise((resolve) => setTimeout(resolve, 2)));
    cloud.vmPorts()[0]!.data_plane_status = "DOWN";
    const begun = Date.now();
    const { index } = await resync();
    const expected = cloud.list("ports").map((port) => ({
      id: port.id,
      status: port.status,
      host: port["binding:host_id"] ?? "",
      isFaulty: port.data_plane_status === "DOWN" ? true : null,
    }));
    assertEquals(expected.filter(({ isFaulty }) => isFaulty).length, 1);
    const byId = (a: { id: string }, b: { id: string }) => a.id < b.id ? -1 : 1;
    assertEquals(seen.sort(byId), expected.sort(byId) as PortSeen[]);
    assert(asked.every((at) => at >= begun && at <= Date.now()));
    assert(new Set(asked).size > 1, "each page has its own time");
    assertEquals(ends.length, 1);
    seen.length = 0;
    await resync({ previous: index });
    assertEquals(seen.sort(byId), expected as PortSeen[]);
    assertEquals(ends.length, 2);
  });
});
