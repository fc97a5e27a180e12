import { assert, assertEquals, assertWithin } from "../support/assert.ts";
import { mastershipNow } from "../support/mastership.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { CHANGES_FILE } from "../../lib/process/state_files.ts";
import { StateChanges } from "../../lib/state/news.ts";
import { StateStore } from "../../lib/state/store.ts";

/** Above what a wait may take that is told of, far below one that only looks, ms. */
const TOLD_MS = 150;
const LONG_MS = 20_000;

/** Two stores on one directory, as two processes have them. */
async function scene() {
  const dir = await Deno.makeTempDir({ prefix: "changes-" });
  const [one, other] = [await StateStore.open(dir), await StateStore.open(dir)];
  const stop = new AbortController();
  return {
    dir,
    one,
    other,
    stop,
    /** How long the first one waits from now on, ms. */
    async waits(seen = one.changes.count, maxMs = LONG_MS): Promise<number> {
      const from = performance.now();
      await one.changes.after(seen, maxMs, systemClock, stop.signal);
      return performance.now() - from;
    },
    async [Symbol.asyncDispose]() {
      one[Symbol.dispose]();
      other[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

Deno.test("another process's news wakes at once: mastership, and what operators ask for", async () => {
  await using s = await scene();
  const request = { id: "1", at: 1, by: "me", outcome: null };
  const scope = { networks: [], subnets: [], ports: [], groups: [], includeGroups: false };
  const resync = {
    id: "1",
    at: 1,
    by: "me",
    term: null,
    dryRun: false,
    allowDeletions: false,
    ...scope,
  };
  const news = {
    "a term begins": () => s.other.writeMastership(mastershipNow("5")),
    "another term": () => s.other.writeMastership(mastershipNow("6")),
    "nobody leads": () => s.other.writeMastership(null),
    "step down": () => s.other.writeStepDown({ ...request, pauseSeconds: 1, handledAt: null }),
    "restart": () => s.other.writeRestart("manager", request),
    "resync": () => s.other.writeResyncRequest(resync),
  };
  for (const [what, write] of Object.entries(news)) {
    const waiting = s.waits();
    await write();
    assertWithin(await waiting, TOLD_MS, what);
  }
});

Deno.test("a heartbeat of the same term is no news", async () => {
  await using s = await scene();
  const told = s.waits();
  await s.other.writeMastership(mastershipNow("5"));
  await told;
  let seen: number;
  do { // what one write causes may be told more than once
    seen = s.one.changes.count;
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (s.one.changes.count !== seen);
  await s.other.writeMastership(mastershipNow("5"));
  assert(await s.waits(seen, 300) >= 299);
  assertEquals(s.one.changes.count, seen);
});

Deno.test("news between a look and the wait is not missed", async () => {
  await using s = await scene();
  const seen = s.one.changes.count;
  await s.other.writeMastership(null);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertWithin(await s.waits(seen), TOLD_MS, "the wait");
});

Deno.test("a wait ends with its time, its signal and its store", async () => {
  await using s = await scene();
  assert(await s.waits(undefined, 50) >= 49);
  let waiting = s.waits();
  s.stop.abort();
  assertWithin(await waiting, TOLD_MS, "the abort");
  assertWithin(await s.waits(), TOLD_MS, "a wait with an aborted signal");
  const { changes } = s.other;
  const from = performance.now();
  waiting = changes.after(changes.count, LONG_MS, systemClock, new AbortController().signal)
    .then(() => performance.now() - from);
  changes[Symbol.dispose]();
  assertWithin(await waiting, TOLD_MS, "the store's end");
});

Deno.test("where the file cannot be watched, or is gone, a look is due five times a second", async () => {
  await using s = await scene();
  const { signal } = s.stop;
  for (const changes of [new StateChanges(null), new StateChanges(`${s.dir}/nothing`)]) {
    const from = performance.now();
    await changes.after(changes.count, LONG_MS, systemClock, signal);
    assertWithin(performance.now() - from, 400, `the wait on ${changes.path}`);
  }
  const waiting = s.waits();
  await Deno.remove(`${s.dir}/${CHANGES_FILE}`);
  await waiting;
  assertWithin(await s.waits(), 400, "the wait after that");
  await s.other.writeMastership(mastershipNow("5")); // no error
});
