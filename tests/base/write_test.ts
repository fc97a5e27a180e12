import { write, writeAll } from "../../lib/base/write.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

class NoSpace extends Error {}

/** A stream that answers each write as the script says: how many bytes it takes, or an error. */
function scripted(...script: (number | Error)[]) {
  let written = "";
  return {
    get written() {
      return written;
    },
    writeSync(bytes: Uint8Array): number {
      const next = script.shift() ?? bytes.length;
      if (next instanceof Error) throw next;
      written += new TextDecoder().decode(bytes.subarray(0, next));
      return next;
    },
  };
}

Deno.test("writeAll: a stream that is full and does not block is waited for, and nothing is lost", () => {
  const full = new Deno.errors.WouldBlock("full");
  const stream = scripted(2, full, full, 1);
  writeAll(stream, "a text");
  assertEquals(stream.written, "a text");
});

Deno.test("writeAll: a reader that is gone is no error, a full disk is one", async () => {
  const stream = scripted(2, new Deno.errors.BrokenPipe("gone"));
  writeAll(stream, "a text");
  assertEquals(stream.written, "a ");
  const disk = scripted(new NoSpace("no space"));
  await assertRejects(
    () => Promise.resolve().then(() => writeAll(disk, "x")),
    NoSpace,
  );
});

Deno.test("write: what cannot be written is lost, and the work goes on", () => {
  for (
    const error of [new Deno.errors.WouldBlock("full"), new NoSpace("no space")]
  ) {
    const stream = scripted(2, error);
    write(stream, "a text");
    assertEquals(stream.written, "a ");
  }
});
