import { busyShare, COST, costOf, type Times, Workers } from "../../bench/neutron_workers.ts";
import { assertEquals } from "../support/assert.ts";

/** Time that stands still until it is moved. */
class Hand implements Times {
  #now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleepers.push({ at: this.#now + ms, wake: resolve });
    return promise;
  }

  async to(at: number): Promise<void> {
    await settle();
    while (true) {
      const next = this.#sleepers.filter((one) => one.at <= at).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      this.#now = next.at;
      next.wake();
      await settle();
    }
    this.#now = at;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function scene(count: number) {
  const times = new Hand();
  const workers = new Workers(count, times);
  const done: string[] = [];
  const ask = (name: string, costMs: number, client = "a") =>
    workers.serve({ client, kind: name[0]! }, () => ({ answer: name, costMs }))
      .then((answer) => done.push(`${answer} at ${times.now()}`));
  return { times, workers, done, ask };
}

Deno.test("what Neutron costs: whole objects, few fields, by id, and a page that is nearly empty", () => {
  assertEquals(costOf({ fields: 17, filtered: false, objects: 1000 }), 1000 * COST.whole);
  assertEquals(costOf({ fields: 0, filtered: false, objects: 1000 }), 1000 * COST.whole);
  assertEquals(costOf({ fields: 2, filtered: false, objects: 1000 }), 1000 * COST.narrow);
  assertEquals(costOf({ fields: 0, filtered: true, objects: 1 }), COST.request + COST.whole);
  assertEquals(costOf({ fields: 2, filtered: false, objects: 0 }), COST.request);
});

Deno.test("each worker serves one request at a time, who waits comes in turn", async () => {
  const { times, workers, done, ask } = scene(2);
  for (const name of ["a", "b", "c", "d"]) ask(name, name === "a" ? 30 : 10);
  await times.to(100);
  assertEquals(done, ["b at 10", "c at 20", "a at 30", "d at 30"]);
  assertEquals(workers.load().busyMs.toSorted(), [30, 30]);
});

Deno.test("peaks and times are told by client, and forgotten when asked to", async () => {
  const { times, workers, ask } = scene(1);
  ask("p", 10);
  ask("q", 10);
  ask("r", 10, "another");
  await times.to(50);
  const { clients, requests } = workers.load(true);
  assertEquals(clients.a, { peak: 2, answers: 2, p50Ms: 20, p99Ms: 20 });
  assertEquals(clients.another, { peak: 1, answers: 1, p50Ms: 30, p99Ms: 30 });
  assertEquals(requests, { p: 1, q: 1, r: 1 });
  assertEquals(workers.load().clients.a, { peak: 0, answers: 0, p50Ms: 0, p99Ms: 0 });
});

Deno.test("without workers nothing waits; with fewer, those that are busy end first", async () => {
  const { times, workers, done, ask } = scene(0);
  ask("free", 1000);
  await times.to(0);
  assertEquals(done, ["free at 0"]);
  workers.resize(2);
  for (const name of ["a", "b", "c", "d"]) ask(name, 10);
  await times.to(5);
  workers.resize(1);
  await times.to(50);
  assertEquals(done.slice(1), ["a at 10", "b at 10", "c at 20", "d at 30"]);
  ask("e", 10);
  ask("f", 10);
  await times.to(51);
  workers.resize(0);
  await times.to(80);
  assertEquals(done.slice(5), ["f at 51", "e at 60"]);
});

Deno.test("the busy share is of one worker's time", async () => {
  const { times, workers, ask } = scene(2);
  const before = workers.load();
  for (const name of ["a", "b", "c"]) ask(name, 20);
  await times.to(40);
  assertEquals(busyShare(before, workers.load()), 1.5);
});
