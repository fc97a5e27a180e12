import { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { Rounds, type RoundsConfig } from "../../../lib/sync/rounds/rounds.ts";
import { NeutronClient } from "../../../lib/openstack/neutron.ts";
import { RequestGate } from "../../../lib/openstack/request_gate.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { type Scene, withCloud } from "../scene.ts";

const CONFIG: RoundsConfig = {
  neutronBudgetPercent: 5,
  fullRounds: 3,
  incrementalIntervalSeconds: 1,
  resyncIntervalSeconds: 60,
};

/**
 * Rounds whose requests take as long by a clock of its own as the objects that they list cost Neutron, and we take to
 * read each answer.
 */
async function paced(
  scene: Scene,
  config: Partial<RoundsConfig>,
  costMs: (objects: number) => number,
  readMs = 0,
): Promise<{ rounds: Rounds; clock: FakeClock; index: CloudIndex; next(): Promise<void> }> {
  const clock = new FakeClock();
  const { neutron, keystone } = scene.deps;
  const auth: NeutronClient["auth"] = {
    async fetch(url, signal, read, init) {
      const cost = async (response: Response) => {
        const [list] = Object.values(await response.clone().json());
        await clock.advance(costMs(Array.isArray(list) ? list.length : 1));
        const answer = await read(response);
        await clock.advance(readMs);
        return answer;
      };
      return await keystone.fetch(url, signal, cost, init);
    },
  };
  const gate = new RequestGate(2, { monotonic: () => clock.monotonic() });
  const client = new NeutronClient(neutron.config, auth, undefined, { ...neutron.shared, gate });
  const { index } = await scene.resync();
  const rounds = new Rounds({ ...CONFIG, ...config }, clock, client);
  rounds.begin(index);
  index.projectsReadAt = Infinity; // Keystone has its own pace
  return {
    rounds,
    clock,
    index,
    async next() {
      await clock.advance(Math.max(0, rounds.nextAt - clock.monotonic()));
      await rounds.slice(scene.deps, scene.term);
    },
  };
}

Deno.test("rounds: over whole rounds comparing takes its share of Neutron's time, and no more", () =>
  withCloud(async (scene) => {
    for (const budget of [5, 20]) {
      let busy = 0;
      const cost = (objects: number) => {
        const ms = 5 + Math.ceil(4.3 * objects);
        busy += ms;
        return ms;
      };
      const { rounds, clock, next } = await paced(scene, { neutronBudgetPercent: budget }, cost);
      const from = rounds.nextAt;
      for (let i = 0; rounds.record("rounds").round < 4 && i < 200; i++) await next();
      assertEquals(rounds.record("rounds").round, 4);
      const passed = Math.max(clock.monotonic(), rounds.nextAt) - from;
      assert(busy / passed <= budget / 100 + 0.001, `${busy} of ${passed} ms`);
      assert(busy / passed >= budget / 100 * 0.8, `${busy} of ${passed} ms`);
      const { sharePercent } = rounds.record("rounds");
      assert(sharePercent !== null && sharePercent <= budget + 0.2, `${sharePercent}`);
    }
  }, { ports: 60, hosts: 3 }));

Deno.test("rounds: every n-th is whole, and how often every port is compared is measured", () =>
  withCloud(async (scene) => {
    const { rounds, clock, next } = await paced(scene, {}, (objects) => 10 + objects);
    assertEquals(rounds.record("rounds").everyMs, null);
    const whole: boolean[] = [];
    const took: number[] = [];
    for (let round = 0; round < 6; round++) {
      const from = Math.max(clock.monotonic(), rounds.nextAt);
      do {
        await next();
        const told = rounds.record("rounds");
        if (told.startedAt !== null && whole.length === round) whole.push(told.whole);
        if (round > 0) assert(told.isMeasured && told.everyMs! >= Math.max(...took) - 1);
        else if (told.startedAt !== null) assert(!told.isMeasured && told.everyMs! > 0);
      } while (rounds.record("rounds").startedAt !== null);
      took.push(rounds.nextAt - from);
    }
    assertEquals(whole, [false, false, true, false, false, true]);
    assertEquals(rounds.record("rounds").everyMs, Math.round(Math.max(...took)));
    assertEquals(rounds.record("gap").everyMs, null, "by the intervals no period is promised");
  }));

Deno.test("rounds: after a gap it goes on where it was, and the gap is no part of its time", () =>
  withCloud(async (scene) => {
    const { rounds, clock, next } = await paced(scene, {}, () => 10);
    await next();
    await next();
    const before = rounds.record("rounds");
    rounds.suspend(true);
    await clock.advance(3_600_000);
    rounds.suspend(false);
    const after = rounds.record("rounds");
    assertEquals([after.round, after.compared], [before.round, before.compared]);
    assertEquals(after.startedAt, before.startedAt! + 3_600_000);
  }));

Deno.test("rounds: what fails costs its time too, and is tried again when its turn comes", () =>
  withCloud(async (scene) => {
    const { rounds, clock, next } = await paced(scene, {}, () => 10);
    await next();
    const { compared } = rounds.record("rounds");
    scene.meddle(() => true);
    await assertRejects(next, Error);
    const at = clock.monotonic() + 30_000;
    rounds.retryAt(at);
    assert(rounds.nextAt >= at);
    scene.meddle(null);
    await next();
    assert(rounds.record("rounds").compared > compared);
  }));

Deno.test("rounds: where Neutron counts no revisions each one is whole, and finds what has changed", () =>
  withCloud(async (scene) => {
    const { rounds, next } = await paced(scene, { fullRounds: 100 }, () => 1);
    const { extensions } = scene.deps.neutron;
    const { has } = extensions;
    extensions.has = (alias) => alias !== "standard-attr-revisions" && has.call(extensions, alias);
    const port = scene.cloud.vmPorts()[4]!;
    port.security_groups = []; // with the revision that it had
    assertEquals((await scene.differences()).length, 1);
    do await next(); while (rounds.record("rounds").startedAt !== null);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("rounds: how long we take to read an answer is no time of Neutron's", () =>
  withCloud(async (scene) => {
    let busy = 0;
    const cost = () => {
      busy += 100;
      return 100;
    };
    const { rounds, clock, next } = await paced(scene, {}, cost, 5000);
    await next();
    assert(busy > 0);
    assertEquals(rounds.nextAt - clock.monotonic(), 19 * busy);
  }));

Deno.test("rounds: how long a failure took does not count as how long a slice takes", () =>
  withCloud(async (scene) => {
    const { rounds, clock, next } = await paced(scene, {}, () => 10);
    do await next(); while (rounds.record("rounds").round < 8);
    await clock.advance(Math.max(0, rounds.nextAt - clock.monotonic()));
    scene.meddle(async () => {
      await clock.advance(100);
      return new Response("", { status: 400 });
    });
    const from = clock.monotonic();
    await assertRejects(() => rounds.slice(scene.deps, scene.term), Error);
    const spentMs = clock.monotonic() - from;
    assert(spentMs >= 100);
    const restMs = rounds.nextAt - clock.monotonic();
    assert(restMs <= 19 * spentMs + 1, `${restMs} ms after ${spentMs} ms`);
  }));

Deno.test("rounds: a Neutron that only a proxy answers for is asked more and more rarely", () =>
  withCloud(async (scene) => {
    const { rounds, clock } = await paced(scene, {}, () => 10);
    scene.meddle(async () => {
      await clock.advance(30_000);
      return new Response("", { status: 504, headers: { "Retry-After": "0" } });
    });
    const rests: number[] = [];
    for (let i = 0; i < 4; i++) {
      await clock.advance(Math.max(0, rounds.nextAt - clock.monotonic()));
      await assertRejects(() => rounds.slice(scene.deps, scene.term), Error);
      rests.push(rounds.nextAt - clock.monotonic());
    }
    assert(rests[0]! <= 60_000, `${rests}`);
    assert(rests.every((rest, i) => i === 0 || rest > rests[i - 1]!), `${rests}`);
  }));

Deno.test("rounds: the machine's clock is set, and slices are due as before; people are shown its time", () =>
  withCloud(async (scene) => {
    const { rounds, clock, next } = await paced(scene, {}, (objects) => 10 + objects);
    do await next(); while (rounds.record("rounds").round < 3);
    const before = { ...rounds.record("rounds"), nextAt: rounds.nextAt };
    for (const ms of [-3_600_000, 7_200_000]) {
      clock.step(ms);
      const { at, everyMs, sharePercent } = rounds.record("rounds");
      assertEquals(at, clock.now());
      assertEquals([rounds.nextAt, everyMs, sharePercent], [
        before.nextAt,
        before.everyMs,
        before.sharePercent,
      ]);
    }
    do await next(); while (rounds.record("rounds").endedAt === before.endedAt);
    const after = rounds.record("rounds");
    assertEquals([after.endedAt, after.startedAt], [clock.now(), null]);
    assert(after.everyMs! < 2 * before.everyMs!, `${after.everyMs} ms`);
  }));
