/** The stand-in of `@std/cli/parse-args` reads words as the original does; without `links` this is the original. */
import { assertEquals } from "../support/assert.ts";
import { parseArgs, type ParseOptions } from "@std/cli/parse-args";

const options: ParseOptions = {
  string: ["host", "name", "_"],
  boolean: ["help", "many"],
  collect: ["host", "many"],
  alias: { h: "help" },
};
const none = { host: [], many: [], help: false, h: false, _: [] as string[] };

/** Words, and what they come to beside what is there without any. */
const CASES: ReadonlyArray<readonly [string[], Record<string, unknown>]> = [
  [[], {}],
  [["one", "007"], { _: ["one", "007"] }],
  [["--host", "a", "--host=b"], { host: ["a", "b"] }],
  [["--name", "a", "--name=b"], { name: "b" }],
  [["--name=a=b"], { name: "a=b" }],
  [["--name="], { name: "" }],
  [["--name=-5"], { name: "-5" }],
  [["--name=5"], { name: "5" }],
  [["--name"], { name: "" }],
  [["--name", "--many"], { name: "", many: [true] }],
  [["--name", ""], { name: "", _: [""] }],
  [["--name", "-"], { name: "", _: ["-"] }],
  [["--help", "word"], { help: true, h: true, _: ["word"] }],
  [["-h"], { help: true, h: true }],
  [["--help=false"], { help: false, h: false }],
  [["--help", "false", "true"], { help: false, h: false, _: ["true"] }],
  [["--many", "--many=false"], { many: [true, false] }],
  [["--name", "a", "--", "--name", "b"], { name: "a", _: ["--name", "b"] }],
];

for (const [words, expected] of CASES) {
  Deno.test(`words: ${JSON.stringify(words)}`, () => {
    assertEquals({ ...parseArgs([...words], options) }, { ...none, ...expected });
  });
}

Deno.test("words that are no text are numbers where they can be, and defaults stand in for what is not given", () => {
  const read = (...words: string[]) => ({
    ...parseArgs(words, { string: ["runs"], default: { runs: "1", other: 2 } }),
  });
  assertEquals(read("007", "x", "--", "008"), { runs: "1", other: 2, _: [7, "x", "008"] });
  assertEquals(read("--runs", "3", "--other=4"), { runs: "3", other: 4, _: [] });
});

Deno.test("`unknown` is asked of each word and flag that no option names", () => {
  const asked: unknown[] = [];
  const parsed = parseArgs(["--name=x", "word", "--other=5", "--flag", "--", "--more"], {
    ...options,
    unknown: (...given) => {
      asked.push(given);
      return false;
    },
  });
  assertEquals({ ...parsed }, { ...none, name: "x", _: ["--more"] });
  assertEquals(asked, [["word"], ["--other=5", "other", "5"], ["--flag", "flag", true]]);
});

Deno.test("no word touches a prototype", () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  for (const word of ["--__proto__=x", "--constructor=x", "--prototype", "--toString=x"]) {
    const parsed = parseArgs([word], options);
    assertEquals(Object.getPrototypeOf(parsed), Object.prototype, word);
  }
  assertEquals(Object.getOwnPropertyNames(Object.prototype), before);
  assertEquals(Object.hasOwn({}, "x"), false);
});
