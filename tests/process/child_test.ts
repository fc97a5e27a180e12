import { Child } from "../../lib/process/child.ts";
import { errorOf, isNoise, isStackFrame } from "../../lib/process/child_output.ts";
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
