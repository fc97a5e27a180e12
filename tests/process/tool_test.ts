import type { Launch } from "../../lib/process/launcher.ts";
import { runTool, ToolError } from "../../lib/process/tool.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";

/** A tool that is told nothing of use. */
const tool = (code: string): Launch => ({
  command: Deno.execPath(),
  args: ["eval", code],
  env: { NO_COLOR: "1" },
  input: "{}",
});

Deno.test("a tool that says what it does is given the time for it", async () => {
  const heard: string[] = [];
  const answer = await runTool(
    tool(`
      for (let i = 0; i < 45; i++) {
        console.error("progress: step " + i);
        await new Promise((done) => setTimeout(done, 100));
      }
      console.log(JSON.stringify("done"));
    `),
    { timeoutMs: 4000, onProgress: (doing) => heard.push(doing) },
  );
  assertEquals(answer, "done");
  assertEquals([heard[0], heard.at(-1)], ["step 0", "step 44"]);
});

Deno.test("one that falls silent is killed, however much it has said before", async () => {
  const heard: string[] = [];
  const error = await assertRejects(
    () =>
      runTool(tool(`console.error("progress: begins"); setInterval(() => {}, 1000);`), {
        timeoutMs: 2000,
        onProgress: (doing) => heard.push(doing),
      }),
    ToolError,
  );
  assertMatch(error.message, /did not answer within 2 s/);
});

Deno.test("without anybody to hear it, what it says prolongs nothing; its error is told", async () => {
  const chatty = `setInterval(() => console.error("progress: on and on"), 50);`;
  const late = await assertRejects(() => runTool(tool(chatty), { timeoutMs: 1000 }), ToolError);
  assertMatch(late.message, /did not answer within 1 s/);
  const failing =
    `console.error("progress: tries"); console.error("error: no luck"); Deno.exit(1);`;
  const failed = await assertRejects(
    () => runTool(tool(failing), { timeoutMs: 60_000 }),
    ToolError,
  );
  assert(failed.message === "no luck", failed.message);
});
