import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { PortReports, readPortReports } from "../../lib/status/port_reports.ts";

const report = (port: string, status: "ACTIVE" | "DOWN" = "ACTIVE") => ({
  host: "h",
  port,
  status,
});

Deno.test("of each port the newest report is kept, of so many ports, and since when is known", async () => {
  const dir = await Deno.makeTempDir({ prefix: "reports-" });
  try {
    const clock = new FakeClock();
    const from = clock.now();
    const reports = new PortReports(clock, 2);
    assertEquals(await readPortReports(dir), null);
    reports.note(report("a"));
    await reports.publish(dir);
    assertEquals((await readPortReports(dir))!.since, from);
    await clock.advance(1000);
    reports.note(report("b"), new Error("refused"));
    await clock.advance(1000);
    reports.note(report("b", "DOWN"));
    reports.note(report("c"));
    await reports.publish(dir);
    assertEquals(
      (await readPortReports(dir))!.reports.map(({ port }) => port),
      ["a"],
      "not so often",
    );
    await clock.advance(5000);
    await reports.publish(dir);
    const file = await readPortReports(dir);
    assertEquals(file!.reports, [
      { ...report("b", "DOWN"), told: "DOWN", gone: false, at: from + 2000, error: null },
      { ...report("c"), told: "ACTIVE", gone: false, at: from + 2000, error: null },
    ]);
    assertEquals(file!.since, from, "the report of a went, which is as old as the list");
    reports.note(report("d"), new Error("refused"));
    await clock.advance(5000);
    await reports.publish(dir);
    const [, d] = (await readPortReports(dir))!.reports;
    assertEquals(
      [d!.port, d!.error],
      ["d", "Error: refused"].map((it) => it.replace("Error: ", "")),
    );
    assertEquals((await readPortReports(dir))!.since, from + 2000);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("an error, and an endpoint that is gone, are noted with what Neutron was told: DOWN", async () => {
  const dir = await Deno.makeTempDir({ prefix: "reports-" });
  try {
    const reports = new PortReports(new FakeClock());
    reports.note({ ...report("a"), status: "ERROR" });
    reports.note({ ...report("b"), status: "ERROR", gone: true });
    await reports.publish(dir);
    assertEquals(
      (await readPortReports(dir))!.reports.map(({ port, told, gone }) => [port, told, gone]),
      [["a", "DOWN", false], ["b", "DOWN", true]],
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
