import type { Results } from "../../bench/main.ts";
import type { Figure } from "../../bench/report.ts";
import { saveLatest } from "../../bench/save.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const ROOT = new URL("../../", import.meta.url);
const FILES = [
  "bench/latest.json",
  "bench/README.md",
  "docs/figures.md",
  "docs/scaling.md",
  "docs/failover.svg",
];
const latest: Results = JSON.parse(await Deno.readTextFile(new URL("bench/latest.json", ROOT)));
const measured = (of: (figure: Figure) => boolean): Results => ({
  machine: { ...latest.machine, commit: "0123abc" },
  figures: latest.figures.filter(of),
});

/** A copy of all that is written, and what is in it. */
async function copied() {
  const dir = await tempDir();
  for (const folder of ["bench", "docs"]) await Deno.mkdir(`${dir.path}/${folder}`);
  for (const file of FILES) await Deno.copyFile(new URL(file, ROOT), `${dir.path}/${file}`);
  const read = async () => {
    const texts = FILES.map(async (file) =>
      [file, await Deno.readTextFile(`${dir.path}/${file}`)] as const
    );
    return new Map(await Promise.all(texts));
  };
  return {
    read,
    root: new URL(`file://${dir.path}/`),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

Deno.test("a part of what the pages tell of a benchmark is refused by its names, and nothing is written", async () => {
  await using copy = await copied();
  const before = await copy.read();
  const part = measured(({ bench, name }) =>
    bench === "resync" && !name.startsWith("100,000") || bench === "idle" && name.includes("etcd")
  );
  const { message } = await assertRejects(() => saveLatest(part, copy.root), Error);
  assertMatch(message, /^nothing is saved: /);
  assertMatch(message, /"resync: 100,000 ports, into an empty etcd"/); // docs/figures.md
  assertMatch(message, /"resync: 100,000 ports, etcd's database, per port"/); // docs/scaling.md
  assertMatch(message, /"idle: one node, CPU"/);
  assertMatch(message, /run the whole of (?:resync, idle|idle, resync) with --save$/);
  assert(!message.includes('"resync: 10,000'), message);
  assertEquals(await copy.read(), before);
});

Deno.test("a page without its marks is named, and nothing is written", async () => {
  await using copy = await copied();
  await Deno.writeTextFile(new URL("docs/figures.md", copy.root), "# Figures\n");
  const before = await copy.read();
  const idle = measured(({ bench }) => bench === "idle");
  const { message } = await assertRejects(() => saveLatest(idle, copy.root), Error);
  assertMatch(message, /^docs\/figures\.md lacks the marks/);
  assertEquals(await copy.read(), before);
});

Deno.test("the whole of a benchmark stands in all pages, and the others keep their figures", async () => {
  await using copy = await copied();
  const before = await copy.read();
  const idle = measured(({ bench }) => bench === "idle");
  const figures = idle.figures.map((figure) =>
    figure.name === "one node, requests of etcd" ? { ...figure, value: 987_654 } : figure
  );
  await saveLatest({ ...idle, figures }, copy.root);
  const after = await copy.read();
  for (const file of ["bench/README.md", "docs/figures.md"]) {
    assert(after.get(file)!.includes("987,654"), file);
  }
  for (const file of ["docs/scaling.md", "docs/failover.svg"]) {
    assertEquals(after.get(file), before.get(file));
  }
  const kept: Results = JSON.parse(after.get("bench/latest.json")!);
  const others = ({ figures }: Results) => figures.filter(({ bench }) => bench !== "idle");
  assertEquals(others(kept), others(latest));
  assertEquals(kept.figures.length, latest.figures.length);
});
