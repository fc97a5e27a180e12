import { RunSetup, type RunSetupOptions } from "../../lib/sync/run_setup.ts";
import type { Taken } from "../../lib/sync/schedule.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";

Deno.test("what a run took of Neutron's time is noted, and whether it failed", async () => {
  const taken: Taken[] = [];
  const neutron = { busyMs: 5000 };
  let now = 100;
  const setup = new RunSetup(
    {
      config: testConfig(),
      context: { clock: { monotonic: () => now } },
      base: { neutron },
      schedule: { noteBusy: (of: Taken) => taken.push(of) },
      rounds: { noteBusy: () => {} },
    } as unknown as RunSetupOptions,
  );
  const run = () => {
    now += 1000;
    neutron.busyMs += 1500;
  };
  assertEquals(await setup.measured(() => Promise.resolve(run()).then(() => "done")), "done");
  const fails = () => Promise.resolve(run()).then(() => Promise.reject(new Error("no")));
  await assertRejects(() => setup.measured(fails), Error);
  assertEquals(taken, [
    { startedAt: 100, endedAt: 1100, busyMs: 1500, failed: false },
    { startedAt: 1100, endedAt: 2100, busyMs: 1500, failed: true },
  ]);
});
