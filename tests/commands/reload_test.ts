import { command } from "../../commands/reload.ts";
import type { CommandContext } from "../../commands/context.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { openStateDir } from "../../lib/state/directory.ts";
import { answerReload, takeReload } from "../../lib/state/reload_request.ts";
import { assertEquals, assertMatch, assertRejects, eventually } from "../support/assert.ts";
import { inTime } from "../support/in_time.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";

/** A supervisor's hold on a state directory, and the command beside it. */
async function scene() {
  const dir = await tempDir();
  const path = `${dir.path}/state`;
  const state = await openStateDir(path, "pid 1 of n", new LogRecorder());
  const flags = { state_dir: path, node_name: "n" };
  const context = {
    resolve: () => resolveConfig({ flags, env: {}, files: [], hostname: "n" }),
    given: {
      options: flags,
      configPaths: [],
      env: {},
      places: { usual: path, pointers: null, services: null },
    },
    print: () => {},
  } satisfies Partial<CommandContext> as unknown as CommandContext;
  const run = () => Promise.resolve(command.run(context, {}, ""));
  return { state, run, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

Deno.test("reload: the command ends when the supervisor gives the state directory back unanswered", async () => {
  await using s = await scene();
  const failed = assertRejects(s.run, Error);
  await eventually("it asks", () => s.state.store.readReload());
  s.state[Symbol.dispose]();
  assertMatch(
    (await inTime("the command ends", failed)).message,
    /^the node has ended before it said what came of it$/,
  );
  assertMatch((await assertRejects(s.run, Error)).message, /^no node runs with the state/);
});

Deno.test("reload: a refusal is one of the configuration, and an answer the end of the command", async () => {
  await using s = await scene();
  using state = s.state;
  const outcomes = [{ is: "refused", reason: "etcd" }, { is: "in force", concerns: "no role" }];
  for (const outcome of outcomes as Parameters<typeof answerReload>[2][]) {
    const done = s.run().catch((error) => error);
    const taken = await eventually("it asks", () => takeReload(state.store, systemClock, false));
    await answerReload(state.store, taken, outcome);
    if (outcome.is === "in force") assertEquals(await done, 0);
    else assertEquals((await done) instanceof ConfigError, true);
  }
});
