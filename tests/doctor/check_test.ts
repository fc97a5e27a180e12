import { type Check, failed, named, ok, runChecks, warning } from "../../lib/doctor/check.ts";
import { judgeOffset, offsetMs, readDateHeader } from "../../lib/doctor/clock_offset.ts";
import { formatFindings, isHealthy } from "../../lib/doctor/report.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

const { signal } = new AbortController();
const check = (name: string, run: Check["run"]): Check => ({ name, advice: "do this", run });

Deno.test("checks run at once, in order; one that throws or hangs has failed, with its advice", async () => {
  let aborted = false;
  const from = performance.now();
  const findings = await runChecks([
    check("good", () => Promise.resolve(ok("fine"))),
    check(
      "hangs",
      (signal) => new Promise(() => signal.addEventListener("abort", () => aborted = true)),
    ),
    check("hangs too", () => new Promise(() => {})),
    check(
      "throws",
      () => Promise.reject(new TypeError("boom", { cause: new Error("because\nof this") })),
    ),
    check("several", () => Promise.resolve([named("a", ok("1")), named("b", warning("2", "w"))])),
  ], { deadlineMs: 100, signal });
  assertEquals(findings.map(({ name, state }) => `${name} ${state}`), [
    "good ok",
    "hangs failed",
    "hangs too failed",
    "throws failed",
    "a ok",
    "b warning",
  ]);
  assert(performance.now() - from < 5000 && aborted);
  assertEquals(findings[1]!.found, "no result within 0.1 s");
  assertEquals(findings[3], {
    name: "throws",
    state: "failed",
    found: "boom: because of this",
    advice: "do this",
  });
});

Deno.test("one line per finding, what to do behind an arrow, and a sum", () => {
  const findings = [named("a", ok("1")), named("b", failed("2\nx", "repair it"))];
  const text = formatFindings(findings);
  assertEquals(text.split("\n").length, 4);
  assertMatch(text, /^FAILED {3}b: 2 x → repair it$/m);
  assertMatch(text, /2 checks: 1 ok, 0 warnings, 1 failed$/);
  assertEquals([isHealthy(findings), isHealthy(findings.slice(0, 1))], [false, true]);
});

Deno.test("a clock's offset is what no delay and no rounding explains", () => {
  const at = (theirs: number) => ({
    theirs,
    resolutionMs: 1000,
    askedAt: 10_000,
    answeredAt: 12_000,
  });
  assertEquals([at(9500), at(12_000), at(15_000), at(3000)].map(offsetMs), [0, 0, 3000, -6000]);
  assertEquals(judgeOffset(at(12_000)).state, "ok");
  assertEquals(judgeOffset(at(15_000)).state, "warning");
  assertMatch(judgeOffset(at(3000)).found, /6\.0 s behind ours/);
  assertEquals(judgeOffset(at(60_000)).state, "failed");
  const headers = new Headers({ date: "Wed, 25 Nov 2026 00:00:10 GMT" });
  assertEquals(readDateHeader(headers, 1, 2)?.theirs, Date.UTC(2026, 10, 25, 0, 0, 10));
  assertEquals(readDateHeader(new Headers(), 1, 2), null);
});
