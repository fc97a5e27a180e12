import { NO_SAMPLES, withDaySample, withSample } from "../../lib/diagnostics/samples.ts";
import { DAY_SAMPLE_MS, SAMPLE_MS } from "../../lib/diagnostics/spans.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals } from "../support/assert.ts";
import { facts, NOW, role, status } from "./fixtures.ts";
import { tempDir } from "../support/temp_dir.ts";

Deno.test("samples of an hour fit into one value of the KV file, and older ones go", async () => {
  let samples = NO_SAMPLES;
  const roles = [role("manager", {}, { rssBytes: 80 * 1024 * 1024 }), role("diagnostics")];
  const ports = { ...facts().ports!, queued: 2 };
  for (let i = 0; i < 500; i++) {
    samples = withSample(samples, { ...status({ roles, ports }), at: NOW + i * SAMPLE_MS });
  }
  assertEquals(samples.at.length, 360);
  assertEquals(samples.at.at(-1), NOW + 499 * SAMPLE_MS);
  assertEquals([samples.lagMs.at(-1), samples.queued.at(-1)], [300, 2]);
  assertEquals([samples.rssMib["manager"]!.at(-1), samples.rssMib["diagnostics"]!.at(-1)], [
    80,
    null,
  ]);
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const worst = { ...samples, lagMs: samples.lagMs.map(() => Math.PI) };
  for (let i = 0; i < 8; i++) worst.rssMib[`role-${i}`] = samples.at.map(() => 12345);
  await store.writeSamples(worst);
  assertEquals(await store.readSamples(), worst);
});

Deno.test("a standby's hour is empty, a clock that is set back forgets the future", () => {
  const standby = status({ isMaster: false, since: null });
  const samples = withSample(NO_SAMPLES, { ...standby, at: NOW + 60_000 });
  assertEquals([samples.lagMs, samples.queued], [[null], [null]]);
  assertEquals(withSample(samples, { ...standby, at: NOW }).at, [NOW]);
});

Deno.test("the day's samples are the highest of each 5 min, and fit into one value as well", async () => {
  const begin = Math.floor(NOW / DAY_SAMPLE_MS) * DAY_SAMPLE_MS;
  const roles = [role("manager", {}, { rssBytes: 80 * 1024 * 1024 })];
  let samples = NO_SAMPLES;
  for (let i = 0; i < 30 * 400; i++) {
    const { agents, ...rest } = status({ roles });
    const lagMs = i % 30 === 7 ? 5000 + i : null;
    const at = begin + i * SAMPLE_MS;
    samples = withDaySample(samples, { ...rest, agents: { ...agents!, lagMs }, at });
  }
  assertEquals(samples.at.length, 288);
  assertEquals(samples.at.at(-1), begin + 399 * DAY_SAMPLE_MS);
  assertEquals(samples.lagMs.slice(-2), [5000 + 398 * 30 + 7, 5000 + 399 * 30 + 7]);
  assertEquals(samples.rssMib["manager"]!.slice(-1), [80]);
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  for (let i = 0; i < 8; i++) samples.rssMib[`role-${i}`] = samples.at.map(() => 12345);
  await store.writeDaySamples(samples);
  assertEquals(await store.readDaySamples(), samples);
  assertEquals(await store.readSamples(), null, "the hour has a record of its own");
});

Deno.test("a role that is new within 5 min is no figure that is none", () => {
  const sample = (...names: string[]) => (samples = NO_SAMPLES) => {
    const roles = names.map((name) => role(name, {}, { rssBytes: 80 * 1024 * 1024 }));
    return withDaySample(samples, status({ roles }));
  };
  const both = sample("manager", "lab")(sample("manager")());
  assertEquals(both.rssMib, { manager: [80], lab: [80] });
  assertEquals(sample("manager")(both).rssMib, { manager: [80] });
});
