import { systemClock } from "../../lib/base/clock.ts";
import { runWhileMaster } from "../../lib/election/while_master.ts";
import type { JobContext } from "../../lib/role/master_context.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { mastershipNow } from "../support/mastership.ts";
import { tempDir } from "../support/temp_dir.ts";

Deno.test("a job that fails again and again is one trouble in the log, until it does not fail", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const log = new LogRecorder();
  const stop = new AbortController();
  await store.writeMastership(mastershipNow("5", 60_000));
  let tries = 0;
  const job = { log, clock: systemClock, store, alive: () => {} } as unknown as JobContext;
  const config = { region: null, election: { name: "n" } };
  const done = runWhileMaster({ config, job, signal: stop.signal }, ({ signal }) => {
    if (++tries <= 3) return Promise.reject(new Error("no luck"));
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
  });
  const said = () => log.records.map(({ level, message }) => [level, message]);
  try {
    await eventually("the fourth try", () => tries === 4, 20_000);
    assertEquals(said(), [["error", "job failed, will be tried again"]]);
  } finally {
    stop.abort(new Error("the end"));
    await done;
  }
  assertEquals(said().slice(1), [["info", "the job does not fail any more"]]);
});
