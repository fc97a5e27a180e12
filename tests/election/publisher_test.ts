import { Publisher } from "../../lib/election/publisher.ts";
import { isMaster, runsOutAt } from "../../lib/state/is_master.ts";
import type { Event, Leadership } from "../../lib/election/states.ts";
import { KvTimeoutError } from "../../lib/state/kv.ts";
import { SupersededError } from "../../lib/state/mastership_claim.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { ScriptedKv, ScriptedKvFile } from "../support/scripted_kv.ts";

const VALID_MS = 13_000;
const NOBODY: Event = { type: "cleared", believedUntil: -Infinity };

function scene() {
  const file = new ScriptedKvFile();
  const clock = new FakeClock();
  const log = new LogRecorder();
  const open = (pid: number) => {
    const store = new StateStore(new ScriptedKv(file).kv);
    return { store, publisher: new Publisher(`n:${pid}`, { store, clock, log, pid }) };
  };
  const leadership = (term: string): Leadership => ({
    lease: "9",
    term,
    since: clock.now(),
    sent: { wall: clock.now(), monotonic: clock.monotonic(), uptime: clock.uptime() },
  });
  return { file, clock, log, open, leadership };
}

Deno.test("what was published runs out by the uptime, wherever the wall clock is", () => {
  for (const uptime of [0, 7, 1000.9]) {
    const record = { heartbeat: 500, validUntil: 13_500, uptime, term: "5", id: "n:1", since: 0 };
    const end = runsOutAt(record);
    const at = (uptime: number, now: number) =>
      isMaster(record, { now: () => now, uptime: () => uptime });
    assert(at(end - 1, 600), "before it, a clock that is set back makes it valid again");
    for (const now of [0, 600, 13_499, 1e9]) assert(!at(end, now));
  }
});

Deno.test("a full disk: believed until it runs out, or until nobody can be published", async () => {
  const { file, clock, log, open, leadership } = scene();
  const { publisher } = open(1);
  assertEquals(await publisher.clear(), NOBODY);
  assertEquals(await publisher.publish(leadership("5"), VALID_MS), { type: "published" });
  file.full = true;
  await clock.advance(5000);
  assertEquals((await publisher.publish(leadership("5"), VALID_MS)).type, "unpublished");
  const believed: Event = { type: "cleared", believedUntil: 14 }; // by what was published at 0
  assertEquals([await publisher.clear(), await publisher.clear()], [believed, believed]);
  assertEquals(log.at("warn").length, 1, "said once");
  file.full = false;
  assertEquals(await publisher.clear(), NOBODY);
});

Deno.test("a write of which nobody knows whether it lands counts, though nobody was published after it", async () => {
  const { clock, open, leadership } = scene();
  const { store, publisher } = open(1);
  const write = store.writeMastership.bind(store);
  store.writeMastership = () => Promise.reject(new KvTimeoutError(5000));
  await clock.advance(3000);
  assertEquals((await publisher.publish(leadership("5"), VALID_MS)).type, "unpublished");
  store.writeMastership = write;
  assertEquals(await publisher.clear(), { type: "cleared", believedUntil: 17 });
  await clock.advance(14_000);
  assertEquals(await publisher.clear(), NOBODY);
});

Deno.test("an earlier manager's record counts as it says, or is not known", async () => {
  const { file, clock, open, leadership } = scene();
  await clock.advance(100_000);
  await open(1).publisher.publish(leadership("5"), VALID_MS);
  file.full = true;
  const heir = open(2).publisher;
  assertEquals(await heir.clear(), { type: "cleared", believedUntil: 114 });
  file.unreadable = true;
  assertEquals(await heir.clear(), { type: "cleared", believedUntil: null });
  file.unreadable = false;
  clock.uptime = () => 3; // the machine was started again
  assertEquals(await heir.clear(), { type: "cleared", believedUntil: null });
  file.full = false;
  assertEquals(await heir.clear(), NOBODY);
});

Deno.test("one that has been superseded neither publishes nor clears", async () => {
  const { file, open, leadership } = scene();
  const [first, second] = [open(1).publisher, open(2).publisher];
  await first.publish(leadership("5"), VALID_MS);
  await second.publish(leadership("6"), VALID_MS);
  await assertRejects(() => first.publish(leadership("5"), VALID_MS), SupersededError);
  await assertRejects(() => first.clear(), SupersededError);
  await assertRejects(() => first.isAlone(), SupersededError);
  assert(await second.isAlone());
  assertEquals((file.peek("mastership") as { term: string }).term, "6");
  file.unreadable = true;
  assert(!await second.isAlone(), "it is not known");
});
