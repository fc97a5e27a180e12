import { assertEquals, assertRejects } from "../support/assert.ts";
import { joinAll, joinLoops } from "../../lib/base/join_loops.ts";

function scene() {
  const stop = new AbortController();
  const ended: string[] = [];
  /** Ends some turns after it was told to. */
  const loop = async (name: string, fails?: Promise<unknown>) => {
    const told = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
    await (fails ?? told);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    ended.push(name);
  };
  return { stop, ended, loop };
}

Deno.test("when a loop fails, the others are stopped and waited for, and its error is thrown", async () => {
  const { stop, ended, loop } = scene();
  const loops = [
    loop("a"),
    loop("b", Promise.reject(new RangeError("b is broken"))),
    loop("c").then(() => Promise.reject(new TypeError("stopped while it worked"))),
  ];
  const error = await assertRejects(() => joinLoops(loops, stop), RangeError);
  assertEquals([error.message, ended], ["b is broken", ["a", "c"]]);
});

Deno.test("loops that end by themselves stop nobody", async () => {
  const { stop, ended, loop } = scene();
  await joinLoops([loop("a", Promise.resolve()), loop("b", Promise.resolve())], stop);
  assertEquals([ended, stop.signal.aborted], [["a", "b"], false]);
});

Deno.test("what is done side by side comes to a list; when one fails, the others are aborted and waited for", async () => {
  const { signal } = new AbortController();
  const both = await joinAll(signal, [() => Promise.resolve(1), () => Promise.resolve("two")]);
  assertEquals(both, [1, "two"]);
  let ended = 0;
  const lasts = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    for (let i = 0; i < 5; i++) await Promise.resolve();
    ended++;
    throw new TypeError("it was stopped");
  };
  const fails = () => Promise.reject(new RangeError("it is broken"));
  await assertRejects(() => joinAll(signal, [lasts, fails, lasts]), RangeError);
  assertEquals(ended, 2);
  const over = new AbortController();
  const all = joinAll(over.signal, [lasts]);
  over.abort();
  await assertRejects(() => all, TypeError);
});

Deno.test("who is aborted because another has failed does not hear of its failure as the reason", async () => {
  const { signal } = new AbortController();
  let reason: unknown;
  const lasts = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reason = signal.reason;
  };
  const fails = () => Promise.reject(new RangeError("b is broken"));
  await assertRejects(() => joinAll(signal, [lasts, fails]), RangeError);
  assertEquals((reason as Error).name, "AbortError");
});
