import { assertEquals, assertRejects } from "../support/assert.ts";
import { batchedInTime } from "../../lib/state/kv.ts";

/** A database in memory whose trips are counted. */
async function scene() {
  const kv = await Deno.openKv(":memory:");
  const trips: string[] = [];
  const batched = batchedInTime({
    get: ((key: Deno.KvKey) => (trips.push("get"), kv.get(key))) as Deno.Kv["get"],
    getMany: ((keys: Deno.KvKey[]) => (
      trips.push(`many ${keys.length}`), kv.getMany(keys)
    )) as Deno.Kv["getMany"],
    set: kv.set.bind(kv),
    delete: kv.delete.bind(kv),
    atomic: kv.atomic.bind(kv),
    list: kv.list.bind(kv),
    close: () => kv.close(),
  });
  return { kv, batched, trips, [Symbol.dispose]: () => kv.close() };
}

Deno.test("reads of one moment are one trip, each with its own answer", async () => {
  using s = await scene();
  await s.kv.set(["a"], 1);
  await s.kv.set(["c"], 3);
  const answers = await Promise.all(["a", "b", "c"].map((key) => s.batched.get([key])));
  assertEquals(answers.map(({ value }) => value), [1, null, 3]);
  assertEquals(s.trips, ["many 3"]);
  assertEquals((await s.batched.get(["a"])).value, 1);
  assertEquals(s.trips, ["many 3", "get"]);
});

Deno.test("more keys than a call takes are several trips", async () => {
  using s = await scene();
  const keys = Array.from({ length: 23 }, (_, i) => i);
  for (const key of keys) await s.kv.set([key], key);
  const answers = await Promise.all(keys.map((key) => s.batched.get([key])));
  assertEquals(answers.map(({ value }) => value), keys);
  assertEquals(s.trips, ["many 10", "many 10", "many 3"]);
});

Deno.test("a trip that fails fails its own reads, and the next ones go on", async () => {
  using s = await scene();
  const bad = s.batched.get(["x".repeat(5000)]);
  const good = s.batched.get(["a"]);
  await Promise.all([assertRejects(() => bad, Error), assertRejects(() => good, Error)]);
  assertEquals((await s.batched.get(["a"])).value, null);
});
