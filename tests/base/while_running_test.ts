import { whileRunning } from "../../lib/base/while_running.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("while running: the signal aborts with the work's end, well or not, or with its own", async () => {
  for (const end of ["resolve", "reject"] as const) {
    const work = Promise.withResolvers<void>();
    const running = whileRunning(work.promise, new AbortController().signal);
    assertEquals(running.aborted, false);
    work[end]();
    await work.promise.catch(() => {});
    assertEquals(running.aborted, true);
  }
  const stop = new AbortController();
  const running = whileRunning(new Promise(() => {}), stop.signal);
  stop.abort();
  assertEquals(running.aborted, true);
});
