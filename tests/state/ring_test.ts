import { z } from "zod";
import { systemClock } from "../../lib/base/clock.ts";
import { RingReader, RingWriter } from "../../lib/state/ring.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const schema = z.object({ n: z.number() });

async function taken(reader: RingReader<{ n: number }>): Promise<number[]> {
  const found: number[] = [];
  for await (const { n } of reader.take()) found.push(n);
  return found;
}

async function append(writer: RingWriter<{ n: number }>, from: number, to: number) {
  for (let n = from; n <= to; n++) await writer.append({ n });
}

Deno.test("a ring: in order, each once, and what is overwritten unread is counted", async () => {
  await using dir = await tempDir();
  const folder = `${dir.path}/folder/ring`;
  using reader = new RingReader(folder, 4, schema);
  assertEquals(await taken(reader), [], "there is none yet");
  const writer = new RingWriter<{ n: number }>(folder, 4);
  await append(writer, 1, 3);
  assertEquals(await taken(reader), [1, 2, 3]);
  assertEquals(await taken(reader), []);
  await append(writer, 4, 10);
  assertEquals([await taken(reader), reader.lost], [[7, 8, 9, 10], 3]);
  const files = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals(files.sort(), ["0.json", "1.json", "2.json", "3.json", "changed", "head.json"]);
  using late = new RingReader(folder, 4, schema);
  assertEquals([await taken(late), late.lost], [[7, 8, 9, 10], 6], "who comes late has lost some");
});

Deno.test("a ring: a damaged, foreign or missing file harms itself alone", async () => {
  await using dir = await tempDir();
  using reader = new RingReader(dir.path, 8, schema);
  const writer = new RingWriter<unknown>(dir.path, 8);
  for (const value of [{ n: 1 }, { n: 2 }, { m: 3 }, { n: 4 }, { n: 5 }]) {
    await writer.append(value);
  }
  await Deno.writeTextFile(`${dir.path}/2.json`, '{"writer":');
  await Deno.remove(`${dir.path}/4.json`);
  assertEquals([await taken(reader), reader.lost], [[1, 5], 3]);
  await Deno.writeTextFile(`${dir.path}/head.json`, "[]");
  assertEquals(await taken(reader), []);
  await writer.append({ n: 6 });
  assertEquals([await taken(reader), reader.lost], [[6], 3]);
});

Deno.test("a ring: a writer that begins anew is followed from its first entry on", async () => {
  await using dir = await tempDir();
  using reader = new RingReader(dir.path, 4, schema);
  await append(new RingWriter(dir.path, 4), 1, 3);
  assertEquals(await taken(reader), [1, 2, 3]);
  await append(new RingWriter(dir.path, 4), 101, 102);
  assertEquals([await taken(reader), reader.lost], [[101, 102], 0]);
});

Deno.test("a ring: what the next writer has overwritten of its predecessor's is not lost to the next one's reader", async () => {
  await using dir = await tempDir();
  const head = `${dir.path}/head.json`;
  const before = new RingWriter<{ n: number }>(dir.path, 4);
  await append(before, 1, 2);
  const old = await Deno.readTextFile(head);
  await append(new RingWriter(dir.path, 4), 101, 101);
  const young = await Deno.readTextFile(head);
  using reader = new RingReader(dir.path, 4, schema);
  await Deno.writeTextFile(head, old); // it is written after the entry
  assertEquals(await taken(reader), []);
  await Deno.writeTextFile(head, young);
  assertEquals([await taken(reader), reader.lost], [[101], 0]);

  // No next writer: the entry could not be written, and what was in its place is older.
  const another = new RingReader(dir.path, 4, schema);
  await Deno.writeTextFile(head, old);
  assertEquals([await taken(another), await taken(another), another.lost], [[], [2], 1]);
});

Deno.test("a ring: more than can be written is lost and not kept in memory", async () => {
  await using dir = await tempDir();
  using reader = new RingReader(dir.path, 128, schema);
  const writer = new RingWriter<{ n: number }>(dir.path, 128);
  await Promise.all(Array.from({ length: 100 }, (_, i) => writer.append({ n: i + 1 })));
  await writer.append({ n: 101 });
  const found = await taken(reader);
  assertEquals([found.length, found.at(-1), reader.lost], [33, 101, 68]);
});

Deno.test("a ring: once a writer is disposed of, nothing of its comes after the next one's", async () => {
  await using dir = await tempDir();
  using reader = new RingReader(dir.path, 8, schema);
  const before = new RingWriter<{ n: number }>(dir.path, 8);
  const appended = Array.from({ length: 30 }, (_, n) => before.append({ n }));
  await appended[1];
  await systemClock.sleep(0); // one of them is being written
  await before[Symbol.asyncDispose]();
  const head = await Deno.readTextFile(`${dir.path}/head.json`);
  await Promise.all(appended);
  await before.append({ n: 30 });
  assertEquals(await Deno.readTextFile(`${dir.path}/head.json`), head);
  await append(new RingWriter(dir.path, 8), 101, 102);
  assertEquals([await taken(reader), reader.lost], [[101, 102], 0]);
});

Deno.test("a ring wakes whoever waits, and nobody has to look in between", async () => {
  await using dir = await tempDir();
  using reader = new RingReader(dir.path, 4, schema);
  const stop = new AbortController();
  const writer = new RingWriter<{ n: number }>(dir.path, 4);
  await append(writer, 1, 1);
  const found: number[] = [];
  const reading = (async () => {
    while (!stop.signal.aborted) {
      found.push(...await taken(reader));
      await reader.wait(3_600_000, systemClock, stop.signal);
    }
  })();
  await eventually("the first", () => found.length === 1);
  await append(writer, 2, 2);
  await eventually("the second", () => found.length === 2);
  stop.abort();
  await reading;
  assert(reader.lost === 0);
});
