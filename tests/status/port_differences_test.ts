import {
  MAX_PORT_DIFFERENCES,
  PortDifferences,
  readPortDifferences,
} from "../../lib/status/port_differences.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { tempDir } from "../support/temp_dir.ts";

const update = (port: string, status: "ACTIVE" | "DOWN" | "ERROR") => ({ host: "h", port, status });

Deno.test("an older status that is accepted does not end the difference", () => {
  const differences = new PortDifferences(systemClock);
  differences.queued("p", update("p", "ACTIVE"), 0);
  differences.queued("p", update("p", "DOWN"), 1);
  differences.accepted("p", "ACTIVE", true);
  assertEquals(differences.list().map(({ status, why }) => [status, why]), [["DOWN", "waiting"]]);
  differences.accepted("p", "DOWN", true);
  assertEquals(differences.total, 0);
});

Deno.test("100,000 ports that wait: the file stays small, the oldest are in it", async () => {
  await using dir = await tempDir();
  const differences = new PortDifferences(systemClock);
  for (let i = 0; i < 100_000; i++) differences.queued(`k${i}`, update(`port-${i}`, "ACTIVE"), i);
  for (let i = 0; i < 10; i++) differences.accepted(`k${i}`, "ACTIVE", true);
  await differences.publish(dir.path);
  const file = (await readPortDifferences(dir.path))!;
  assertEquals([file.total, file.ports.length], [99_990, MAX_PORT_DIFFERENCES]);
  assertEquals(file.ports[0]!.port, "port-10");
  assert(
    (await Deno.stat(`${dir.path}/ports/port-differences.json`)).size < 200_000,
  );
});

Deno.test("how many others wait is in the file as soon as that changes", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  const differences = new PortDifferences(clock);
  differences.queued("k", update("port", "ACTIVE"), 0);
  const totals: number[] = [];
  for (const more of [0, 5, 5, 1]) {
    await differences.publish(dir.path, more);
    totals.push((await readPortDifferences(dir.path))!.total);
    await clock.advance(2000);
  }
  assertEquals(totals, [1, 6, 6, 2]);
});

Deno.test("those that have differed longest come first, also when they are told of late", () => {
  const differences = new PortDifferences(systemClock);
  for (const since of [10, 30, 20, 5, 40]) {
    differences.queued(`k${since}`, update(`port-${since}`, "ACTIVE"), since);
  }
  assertEquals(differences.list().map(({ since }) => since), [5, 10, 20, 30, 40]);
});

Deno.test("they are counted by reason, and the longest wait is that of one Neutron has not taken", () => {
  const differences = new PortDifferences(systemClock);
  assertEquals(differences.counts(), { waiting: 0, failed: 0, error: 0, oldest: null });
  for (const [i, port] of ["broken", "refused", "queued"].entries()) {
    differences.queued(port, update(port, port === "broken" ? "ERROR" : "ACTIVE"), 10 + i);
  }
  differences.accepted("broken", "ERROR", true);
  differences.failed("refused", new Error("no"));
  assertEquals(differences.counts(), { waiting: 1, failed: 1, error: 1, oldest: 11 });
  differences.accepted("refused", "ACTIVE", true);
  differences.accepted("queued", "ACTIVE", true);
  assertEquals(differences.counts(), { waiting: 0, failed: 0, error: 1, oldest: null });
});

Deno.test("an endpoint that is gone is told apart from one in error", () => {
  const differences = new PortDifferences(systemClock);
  differences.queued("a", { ...update("a", "ERROR"), gone: true }, 0);
  differences.queued("b", update("b", "ERROR"), 1);
  assertEquals(differences.list().map(({ port, gone }) => [port, gone ?? false]), [
    ["a", true],
    ["b", false],
  ]);
});
