import { readStatus } from "../../lib/health/read_status.ts";
import { statusSchema } from "../../lib/health/status.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { facts, NOW, role } from "../diagnostics/fixtures.ts";
import { tempDir } from "../support/temp_dir.ts";

/** A clock that stands; the fixture's record was made at an uptime of 1000 s. */
const at = (now: number) => ({ now: () => now, uptime: () => 1000 });
const node = { name: "node-1", version: "0.1.0" };

async function withStore(use: (store: StateStore) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  await use(store);
}

Deno.test("an empty store is a node that has just started", () =>
  withStore(async (store) => {
    const status = await readStatus(store, node, at(NOW));
    statusSchema.parse(status);
    assertEquals([status.isMaster, status.leader, status.ready], [false, null, false]);
    assertEquals(status.roles.map((r) => r.name), [...ROLE_NAMES]);
    assertEquals(status.verdict.level, "warn");
  }));

Deno.test("who leads is not known from what a manager that is down has written", () =>
  withStore(async (store) => {
    const election = { ...facts().election!, leader: "node-2:7", state: "candidate" as const };
    await store.writeElection(election);
    const leader = async (process: Parameters<typeof role>[1]) => {
      const found = role("manager", process);
      await store.writeRole("manager", found.process!);
      await store.writeAlive("manager", found.alive!);
      return (await readStatus(store, node, at(NOW))).leader;
    };
    assertEquals(await leader({}), "node-2:7");
    assertEquals(await leader({ state: "backoff" }), null);
    await store.writeMastership(facts().mastership);
    assertEquals(await leader({ state: "backoff" }), "node-1:4242", "its mastership still holds");
  }));

Deno.test("all records come together", () =>
  withStore(async (store) => {
    const known = facts();
    await store.writeMastership(known.mastership);
    await store.writeElection(known.election!);
    for (const name of ["lab", ...ROLE_NAMES]) {
      const { process, alive } = role(name);
      await store.writeRole(name, process!);
      await store.writeAlive(name, alive!);
    }
    await store.writeCluster(known.cluster!);
    await store.writeCompaction(known.compaction!);
    for (const resync of known.resyncs) await store.writeResync(resync);
    await store.writeAgents(known.agents!);
    await store.writePorts(known.ports!);
    for (let i = 0; i < 60; i++) {
      const source = i % 2 ? "supervisor" : "manager";
      await store.addEvent(source, { at: NOW - 1000 + i, level: "info", message: `event ${i}` });
    }
    const status = await readStatus(store, node, at(NOW));
    statusSchema.parse(status);
    assertEquals(status.isMaster, true);
    assertEquals(status.since, known.since);
    assertEquals(status.leader, "node-1:4242");
    assertEquals(status.roles.map((r) => r.name), ["lab", ...ROLE_NAMES]);
    assertEquals(status.roles[0]!.silentMs, 400);
    assertEquals(status.resyncs.length, 3);
    assertEquals(status.agents, known.agents);
    assertEquals(status.ports, known.ports);
    assertEquals(status.cluster, known.cluster);
    assertEquals(status.compaction, known.compaction);
    assertEquals(status.events.slice(0, 3).map((e) => `${e.source}: ${e.message}`), [
      "supervisor: event 59",
      "manager: event 58",
      "supervisor: event 57",
    ]);
    assertEquals(status.verdict.level, "ok");
    assertEquals(status.watches, false, "startup_resync is always");
    assert(status.ready);
    const careful = () => readStatus(store, { ...node, startupResync: "never" }, at(NOW));
    assertEquals((await careful()).watches, true);
    await store.writeReleased({ term: "76", id: known.mastership!.id });
    assertEquals((await careful()).watches, true, "that was another term");
    await store.writeReleased({ term: known.mastership!.term, id: known.mastership!.id });
    assertEquals((await careful()).watches, false);
    const later = await readStatus(store, node, at(NOW + 12_000));
    assertEquals([later.isMaster, later.since, later.ready], [false, null, false]);
  }));
