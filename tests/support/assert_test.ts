import { throws } from "node:assert/strict";
import { assert, assertRejects, assertWithin, contention, eventually } from "./assert.ts";

Deno.test("contention is at least 1, and more while others compute on every core", async () => {
  assert(contention() >= 1);
  // They end by themselves: a thread that is still starting when it is terminated would compute on.
  const code = "const end = Date.now() + 5000; while (Date.now() < end);";
  const worker = () => new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
  const workers = Array.from({ length: 2 * navigator.hardwareConcurrency }, worker);
  try {
    await eventually("others are seen", () => contention() > 1.5);
  } finally {
    for (const worker of workers) worker.terminate();
  }
});

Deno.test("a limit is stretched by the machine, and only by the machine", () => {
  assertWithin(10, 10, "what is in time");
  throws(() => assertWithin(1e6, 1, "what is late on any machine"), /took 1000000 ms/);
});

Deno.test("what never comes is named, with the last error", async () => {
  const failed = await assertRejects(
    () => eventually("it", () => Promise.reject(new Error("no")), 20, 5),
    Error,
  );
  assert(/^not within \d+ ms: it$/.test(failed.message), failed.message);
  assert((failed.cause as Error).message === "no");
});

Deno.test("a check that does not end is a failure", async () => {
  const failed = await assertRejects(
    () => eventually("it", () => new Promise<boolean>(() => {}), 20, 5, 50),
    Error,
  );
  assert((failed.cause as Error).message === "the check itself does not end");
});
