import { figure } from "../../bench/report.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Runs the runner on figures that are there already. */
async function runner(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", `${ROOT}bench/main.ts`, ...args],
    cwd: ROOT,
  }).output();
  return { code, text: new TextDecoder().decode(stdout) };
}

async function withResults(play: (before: string, after: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const write = async (name: string, ratio: number) => {
    const runs = [{ value: ratio, baseline: 1 }, { value: ratio, baseline: 1 }];
    const one = figure("b", "what", runs, { unit: "s", baseline: "the floor" });
    await Deno.writeTextFile(`${dir}/${name}`, JSON.stringify(one) + "\n");
    return `${dir}/${name}`;
  };
  try {
    await play(await write("before", 1), await write("after", 2));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("bench: what became worse is named, and the exit code is 1", () =>
  withResults(async (before, after) => {
    const worse = await runner("--results", after, "--compare", before);
    assertEquals(worse.code, 1);
    assertMatch(worse.text, /worse +b: what: × the floor +1 × +2 × +100 %/);
    assertMatch(worse.text, /1 became worse/);
    const better = await runner("--results", before, "--compare", after);
    assertEquals([better.code, /nothing became worse/.test(better.text)], [0, true]);
  }));

Deno.test("bench: an unknown benchmark or argument is refused with what there is", async () => {
  const unknown = await runner("--only", "nope");
  assertEquals(unknown.code, 2);
  assertMatch(unknown.text, /no benchmark nope; there are floor, .*resync/);
  assertEquals((await runner("--frobnicate")).code, 2);
});
