import { causeOf, Outage } from "../../lib/base/outage.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";

function outage() {
  const [log, clock] = [new LogRecorder(), new FakeClock()];
  const of = new Outage("it serves again", { log, clock });
  const said = () => log.records.map(({ level, message, fields }) => [level, message, fields]);
  return { log, clock, of, said };
}

Deno.test("an outage: a line when it begins, one a minute, one with its whole duration", async () => {
  const { clock, of, said } = outage();
  of.succeeded("job");
  for (let second = 0; second < 150; second++) {
    const error = new Error(`connect ECONNREFUSED 127.0.0.1:${30_000 + second}`);
    of.failed("job", { message: "it does not serve", fields: { second, error: error.message } });
    await clock.advance(1000);
  }
  of.succeeded("job");
  of.succeeded("job");
  assertEquals(said().map(([level, message]) => [level, message]), [
    ["warn", "it does not serve"],
    ["warn", "it does not serve"],
    ["warn", "it does not serve"],
    ["info", "it serves again"],
  ]);
  assertEquals(said().map(([, , fields]) => (fields as Record<string, unknown>).lasts), [
    undefined,
    "1 min",
    "2 min",
    undefined,
  ]);
  assertEquals(said().at(-1)![2], { lasted: "2 min 30 s" });
});

Deno.test("an outage: who fails seldom is reminded by its loop", async () => {
  const { clock, of, said } = outage();
  of.failed("job", { message: "no" });
  for (let second = 0; second < 61; second++) {
    of.remind();
    await clock.advance(1000);
  }
  assertEquals(said().map(([, , fields]) => fields), [{}, { lasts: "1 min" }]);
});

Deno.test("an outage: another cause, and a worse level, are said once", async () => {
  const { clock, of, said } = outage();
  const [refused, denied] = ["refused by #1", "permission denied"];
  for (let i = 0; i < 5; i++) {
    await clock.advance(1000);
    of.failed("job", { message: i % 2 ? denied : refused });
  }
  of.failed("job", { message: refused, level: "error" });
  of.failed("job", { message: denied });
  assertEquals(said().map(([level, message]) => [level, message]), [
    ["warn", refused],
    ["warn", denied],
    ["error", refused],
  ]);
});

Deno.test("an outage that jobs share is one, and over when the last of them has what it needs", async () => {
  const { clock, of, said } = outage();
  of.failed("election", { message: "etcd does not answer", cause: "no answer" });
  of.failed("registry", { message: "the registry cannot be written", cause: "no answer" });
  await clock.advance(2000);
  of.succeeded("election");
  of.succeeded("compaction");
  await clock.advance(1000);
  of.succeeded("registry");
  assertEquals(said(), [
    ["warn", "etcd does not answer", {}],
    ["info", "it serves again", { lasted: "3.0 s" }],
  ]);
});

Deno.test("causes are equal whatever numbers a library puts into its text", () => {
  const alike = [
    [
      "DEADLINE_EXCEEDED: Deadline exceeded after 1.510s,remote_addr=127.0.0.1:27243",
      "DEADLINE_EXCEEDED: Deadline exceeded after 1.5s,LB pick: 0.001s,remote_addr=[::1]:2379",
      "DEADLINE_EXCEEDED: Deadline exceeded after 0.301s,Waiting for LB pick",
    ],
    [
      "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2379 (1)",
      "No connection established. Last error: connect ECONNREFUSED 10.20.0.3:4001 (22)",
      "No connection established. Last error: connect ECONNREFUSED [fe80::1]:2379 (3)",
      "No connection established. Last error: connect ECONNREFUSED etcd-2.example.org:2379 (4)",
    ],
    [
      "etcdserver: too many requests at 2026-11-27T16:00:00.123Z, id 7f3a99c0e1d2b3a4",
      "etcdserver: too many requests at 2026-11-28T01:59:59.9Z, id 694d8a1bc02e4f55",
    ],
  ];
  for (const texts of alike) {
    assertEquals(new Set(texts.map(causeOf)).size, 1, texts.map(causeOf).join("\n"));
  }
  assertEquals(new Set(alike.map(([text]) => causeOf(text!))).size, alike.length);
});

Deno.test("of a text that quotes something long, only the beginning tells causes apart", () => {
  assertEquals(causeOf(`refused: ${"key".repeat(500_000)} 1`).length, 1000);
});
