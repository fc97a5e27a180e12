/** What the end of a long log says: who reads only that is to learn which tests failed, and why. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const SUITES = new URL("../../.ci/suites.sh", import.meta.url).pathname;

/** What bash prints, lines, that runs these suites; the last of them. */
async function run(script: string, suiteSeconds = 60): Promise<{ code: number; lines: string[] }> {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/log`);
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: [
      "-uc",
      `log=$PWD/log suite_limit=${suiteSeconds} whole_limit=600; . "$0"\n${script}\nresult`,
      SUITES,
    ],
    cwd: dir.path,
    stdin: "null",
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return { code, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
}

/** The lines from the first that is this one. */
const from = (lines: string[], first: string) => lines.slice(lines.indexOf(first));

/** A suite that prints what deno's test runner prints, with an error of so many lines for each of these tests. */
function failing(name: string, errors: Record<string, number>): string {
  const blocks = Object.entries(errors).map(([test, lines]) =>
    `${test} => ./x_test.ts:1:1\n` +
    Array.from({ length: lines - 1 }, (_, i) => `${test} line ${i + 2}`).join("\n")
  );
  const failed = Object.keys(errors).map((test) => `${test} => ./x_test.ts:1:1`);
  const text = `begin\n\n ERRORS \n\n${blocks.join("\n\n")}\n\n FAILURES \n\n${
    failed.join("\n")
  }\n\nFAILED | 0 passed | ${failed.length} failed (1s)\n`;
  return `suite ${name} bash -c 'printf "%s" "$0"; exit 1' '${text}'`;
}

Deno.test("what deno's own runner says of a failed test stands before the names and the counts", async () => {
  const test = `
Deno.test("outer", async (t) => {
  await t.step("inner", () => {
    throw new Error("the first line\\n\\nafter a blank one", { cause: new Error("because of this") });
  });
  await t.step("passes", () => {});
});
Deno.test("passes", () => {});
`;
  const { code, lines } = await run(`
printf '%s' '${test}' >x_test.ts
suite good printf 'ok | 3 passed | 0 failed (1s)\\n'
suite bad '${Deno.execPath()}' test --no-check --no-config --no-lock x_test.ts`);
  assertEquals(code, 1);
  const end = from(lines, "== bad failed, and said:");
  const text = end.join("\n");
  assertMatch(
    text,
    /^outer \.\.\. inner => \.\/x_test\.ts:\d+:\d+\nerror: Error: the first line$/m,
  );
  assertMatch(text, /^after a blank one$/m);
  assertMatch(text, /^Caused by: Error: because of this$/m);
  assert(!text.includes("ext:cli"), text);
  assertMatch(end.at(-2)!, /^FAILED bad: outer \.\.\. inner => /);
  assertEquals(end.at(-1), "4 passed, 1 failed");
});

Deno.test("the lines are shared among the errors of a suite: each shows its beginning and its end", async () => {
  const { lines } = await run(failing("long", { a: 100, b: 10, c: 100 }));
  const end = from(lines, "== long failed, and said:");
  assertEquals(end.length, 1 + 60 + 3 + 1);
  assertEquals(end[1], "a => ./x_test.ts:1:1");
  assert(end.includes("    … 81 lines more"), end.join("\n"));
  for (const shown of ["a line 100", "b line 10", "c line 2", "c line 100"]) {
    assert(end.includes(shown), `${shown} is not in\n${end.join("\n")}`);
  }
  assert(!end.includes("a line 50"));
});

Deno.test("more errors than there is room for are counted, and many suites have less each", async () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`t${i}`, 20]));
  const one = from((await run(failing("many", many))).lines, "== many failed, and said:");
  assertEquals(one[61], "… and 30 more");
  const names = Array.from({ length: 5 }, (_, i) => `suite-${i}`);
  const { lines } = await run(names.map((name) => failing(name, { only: 500 })).join("\n"));
  const end = from(lines, "== suite-0 failed, and said:");
  assertEquals(end.length, 5 * (1 + 20) + 5 + 1);
  for (const name of names) assert(end.includes(`== ${name} failed, and said:`), name);
});

Deno.test("a line that is long is cut", async () => {
  const { lines } = await run(`check wide bash -c 'printf "%01000d\\n" 0; exit 1'`);
  assertEquals(from(lines, "== wide failed, and said:"), [
    "== wide failed, and said:",
    `${"0".repeat(300)} …`,
    `FAILED wide: ${"0".repeat(300 - "FAILED wide: ".length)}`,
    "0 passed, 1 failed",
  ]);
});

Deno.test("a suite that lists no errors says its last lines, one that passed nothing", async () => {
  const { code, lines } = await run(
    `check good echo fine\ncheck types bash -c 'seq 200; exit 1'`,
  );
  assertEquals(code, 1);
  const end = from(lines, "== types failed, and said:");
  assertEquals(end.slice(1, 3), ["141", "142"]);
  assertEquals(end.slice(-3), ["200", "FAILED types: 200", "1 passed, 1 failed"]);
  const green = await run(`check good echo fine`);
  assertEquals([green.code, green.lines.at(-1)], [0, "1 passed, 0 failed"]);
  assert(!green.lines.some((line) => line.includes("failed, and said")));
});

Deno.test("a suite that did not end says so after the errors of what it ran before", async () => {
  const earlier = failing("slow", { early: 5 }).replace("exit 1", "echo later ...; exec sleep 60");
  const { lines } = await run(earlier, 1);
  const end = from(lines, "== slow failed, and said:");
  assert(end.includes("early line 5"), end.join("\n"));
  assertMatch(end.join("\n"), /^did not end within 1 s; it had begun: later \.\.\.$/m);
  assertEquals(end.at(-1), "0 passed, 1 failed");
});
