import { Fed } from "../../lib/diagnostics/fed.ts";
import { MAX_RECORDS, PageFeed } from "../../lib/state/page_feed.ts";
import type { LogEntry } from "../../lib/base/log.ts";
import { Inbox, readFirstLine } from "../../lib/role/parent_channel.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";

const entry = (message: string, fields = {}, role = "manager"): LogEntry => ({
  time: "2026-11-24T14:02:03.000Z",
  level: "INFO",
  role,
  pid: 7,
  message,
  fields,
});
const row = { net: ["10.0.0.1:2379"], read: [], write: [], env: [], run: [], sys: [] };

/** A reader that takes what it is given, perhaps not at once. */
function reader() {
  const fed = new Fed();
  let gate = Promise.resolve();
  return {
    fed,
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    write: async (text: string) => {
      await gate;
      for (const line of text.split("\n")) fed.take(line);
    },
  };
}

Deno.test("the page's process hears all records, also those from before it started", async () => {
  const feed = new PageFeed();
  feed.permit({ manager: row });
  feed.add(entry("early", { password: "hunter2", host: "<script>" }));
  const first = reader();
  feed.attach(first.write);
  feed.add(entry("late"));
  await eventually("both", () => first.fed.log("manager").length === 2);
  assertEquals(first.fed.permissions("manager"), row);
  assertEquals(first.fed.permissions("constructor"), null);
  assertEquals(first.fed.log("manager")[0]!.fields, { password: "[secret]", host: "<script>" });
  // The next process is told everything again; the one before hears no more.
  const second = reader();
  feed.attach(second.write);
  feed.add(entry("later"));
  await eventually("all three", () => second.fed.log("manager").length === 3);
  assertEquals(first.fed.log("manager").length, 2);
});

Deno.test("a slow or dead reader costs bounded memory, and rings are bounded", async () => {
  const feed = new PageFeed();
  const slow = reader();
  const release = slow.hold();
  feed.attach(slow.write);
  for (let i = 0; i < 20_000; i++) feed.add(entry(`m${i}`, { text: "x".repeat(10_000) }));
  release();
  await eventually("the newest", () => slow.fed.log("manager").at(-1)?.message === "m19999");
  assertEquals(slow.fed.log("manager").length, MAX_RECORDS);
  assertEquals(slow.fed.log("manager").at(-1)!.fields, { cut: "the rest is in the log" });
  feed.attach(() => Promise.reject(new Error("broken pipe")));
  feed.add(entry("to nobody"));
  const next = reader();
  feed.attach(next.write);
  await eventually("the next one", () => next.fed.log("manager").at(-1)?.message === "to nobody");
});

Deno.test("what is no message of ours is ignored", () => {
  const fed = new Fed();
  for (const line of ["", "{", "[]", '{"log":{}}', '{"log":5}', '{"permissions":{"x":1}}']) {
    fed.take(line);
  }
  fed.take(JSON.stringify({ log: entry("x", {}, "somebody else") }));
  assertEquals(fed.log("somebody else"), []);
  assertEquals(fed.permissions("x"), null);
});

Deno.test("lines after the first reach whoever listens, in pieces or not", async () => {
  const inbox = new Inbox();
  const pieces = ['{"a":1}\nfir', "st\nsec", "ond\n", "third\nno end"];
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  const { line, end } = await readFirstLine(stream, (text) => inbox.put(text));
  assertEquals(line, '{"a":1}');
  assert((await end).includes("gone"));
  const heard: string[] = [];
  inbox.listen((text) => heard.push(text));
  assertEquals(heard, ["first", "second", "third"]);
});
