import { assert, assertEquals } from "../support/assert.ts";
import { afterEnd, HEALTHY_MS, MAX_DELAY_MS } from "../../lib/node/restart_policy.ts";

Deno.test("a calm role starts again at once", () => {
  assertEquals(afterEnd(0, 10, 0.5).delayMs, 0);
});

Deno.test("the delay grows, is jittered and never exceeds the maximum", () => {
  let failures = 0;
  let previous = -1;
  for (let i = 0; i < 12; i++) {
    const low = afterEnd(failures, 10, 0);
    const high = afterEnd(failures, 10, 0.999999);
    assert(high.delayMs <= MAX_DELAY_MS);
    assert(high.delayMs >= previous);
    if (i > 0) assert(low.delayMs < high.delayMs, "no jitter");
    previous = high.delayMs;
    failures = high.failures;
  }
  assertEquals(previous, MAX_DELAY_MS);
});

Deno.test("a healthy minute forgets the failures", () => {
  assertEquals(afterEnd(9, HEALTHY_MS, 0.5), { delayMs: 0, failures: 1 });
  assert(afterEnd(9, HEALTHY_MS - 1, 0.5).delayMs > 0);
});
