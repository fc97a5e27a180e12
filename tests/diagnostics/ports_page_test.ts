/** A vanished endpoint on the pages: gone, and no error; and what Neutron is told of each port. */
import { assert, assertEquals } from "../support/assert.ts";
import { details } from "./details_fixture.ts";
import { facts, NOW, status } from "./fixtures.ts";
import { testApp } from "./test_app.ts";

const difference = (port: string, why: "waiting" | "error", gone: boolean) => ({
  host: "h1",
  port,
  status: "ERROR",
  gone,
  why,
  since: NOW - 5000,
  attempts: 0,
  error: null,
});

Deno.test("a vanished endpoint is gone and not red, beside what Neutron is told", async () => {
  const file = {
    at: NOW,
    total: 2,
    ports: [difference("vanished", "waiting", true), difference("broken", "error", false)],
  };
  const recent = ["vanished", "broken"].map((port, i) => ({
    at: NOW - i,
    host: "h1",
    port,
    status: "ERROR",
    told: "DOWN",
    gone: port === "vanished",
    reported: true,
  }));
  const app = testApp({
    readStatus: () => Promise.resolve(status({ ports: { ...facts().ports!, recent } })),
    details: { ...details(), portDifferences: () => Promise.resolve(file) },
  });
  const html = await (await app.request("/ports")).text();
  const rows = html.match(/<tr>.*?<\/tr>/gs)!;
  const of = (port: string) => rows.filter((row) => row.includes(`>${port}<`));
  assertEquals([of("vanished").length, of("broken").length], [2, 2]);
  for (const row of of("vanished")) {
    assert(row.includes('class="badge info"') && /<\/span>gone<\/span>/.test(row), row);
    assert(!row.includes('class="badge error"') && row.includes("<td>DOWN</td>"), row);
  }
  for (const row of of("broken")) {
    assert(row.includes('class="badge error"') && row.includes("<td>DOWN</td>"), row);
  }
  const json = await (await app.request("/api/v1/ports/differences")).json();
  assertEquals(json.ports.map(({ gone }: { gone: boolean }) => gone), [true, false]);
});
