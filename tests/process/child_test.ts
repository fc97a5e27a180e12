import { Child } from "../../lib/process/child.ts";
import { errorOf, isNoise, isStackFrame, parseRecord } from "../../lib/process/child_output.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const sh = (script: string) => ({ command: "sh", args: ["-c", script], env: {}, input: "told" });

Deno.test("child: hears its input and further lines, and the end of its parent", async () => {
  const child = new Child(
    sh("while read line; do echo got $line; test $line = end && exit 3; done"),
  );
  await child.tell("more");
  await child.tell("end");
  const [output, error, { code }] = await Promise.all([
    new Response(child.output).text(),
    child.readErrors(() => {}),
    child.ended(),
  ]);
  assertEquals([output, error, code], ["got told\ngot more\ngot end\n", null, 3]);
  await assertRejects(() => child.tell("too late"), TypeError);
  child.kill("SIGKILL"); // nothing
});

Deno.test("child: the first error that it writes is told; it can be killed", async () => {
  const child = new Child(
    sh("echo hm >&2; echo error: one >&2; echo error: two >&2; exec sleep 60"),
  );
  const lines: string[] = [];
  const error = child.readErrors((line) => {
    if (lines.push(line) === 3) child.kill("SIGKILL");
  });
  const [status, output] = [await child.ended(), await new Response(child.output).text()];
  assertEquals([await error, lines, status.signal, output], [
    "one",
    ["hm", "error: one", "error: two"],
    "SIGKILL",
    "",
  ]);
});

Deno.test("child: a program that is not there is an error at once", async () => {
  const missing = { ...sh(""), command: "/no/such/program" };
  await assertRejects(() => Promise.resolve().then(() => new Child(missing)), Deno.errors.NotFound);
});

Deno.test("Deno's own lines are told apart", () => {
  assertEquals(
    errorOf("error: Uncaught (in promise) Error: no"),
    "Uncaught (in promise) Error: no",
  );
  assertEquals([errorOf("an error: no"), errorOf("errors")], [null, null]);
  assert(["", "  ", "Download https://x", "Check main.ts", "Initialize x"].every(isNoise));
  assert(!isNoise("Checks failed"));
  assertEquals(["    at f (x.ts:1:2)", "at last"].map(isStackFrame), [true, false]);
});

Deno.test("of a record only level, message and fields are read, and those only when they are such", () => {
  const line = (more: object) =>
    JSON.stringify({ level: "WARN", message: "m", fields: { host: "h" }, ...more });
  assertEquals(parseRecord(line({ role: "supervisor", pid: 1, time: "1970", more: 1 })), {
    level: "WARN",
    message: "m",
    fields: { host: "h" },
  });
  for (const level of ["FATAL", "warn", "constructor", 7, null, "\u001b[31m"]) {
    assertEquals(parseRecord(line({ level }))?.level, "INFO");
  }
  for (const bad of [{ message: 7 }, { message: undefined }, { fields: [] }, { fields: null }]) {
    assertEquals(parseRecord(line(bad)), null);
  }
  for (const bad of ["plain", "[]", "{", "null", " {}"]) assertEquals(parseRecord(bad), null);
});

Deno.test("a record's fields have names, and are not too many", () => {
  const read = (fields: string) =>
    parseRecord(`{"level":"INFO","message":"m","fields":${fields}}`)!.fields;
  const names = ["a b", "a=b", "", "\u001b[2J", "x\ny", "1st", "n".repeat(65)];
  const fields = Object.fromEntries(names.map((name) => [name, 1]));
  assertEquals(read(JSON.stringify({ ...fields, retryMs: 5, "nova.url": "u" })), {
    retryMs: 5,
    "nova.url": "u",
    fieldsLeftOut: Object.keys(fields).length,
  });
  const shadowed = read('{"__proto__":{"polluted":1},"constructor":1}');
  assertEquals([Object.keys(shadowed), "polluted" in {}], [["constructor"], false]);
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i]));
  assertEquals(Object.keys(read(JSON.stringify(many))).length, 65);
});
