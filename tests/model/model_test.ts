/** Searches every instance of the model; the table at the end says how much of it there was. @module */
import { assert, assertEquals } from "../support/assert.ts";
import { FOUND, HOLDS } from "./instances.ts";
import { type Instance, type Outcome, search } from "./pan.ts";

const ASSERTIONS = { master: /record/, write: /jobTerm/, time: /leaderless/ };
const outcomes = new Map<Instance, Outcome>();
/** Searches at one time. */
const LANES = 2;

Deno.test("SPIN searches every instance", async () => {
  const instances = [...HOLDS, ...FOUND].values();
  await Promise.all(Array.from({ length: LANES }, async () => {
    for (const instance of instances) outcomes.set(instance, await search(instance));
  }));
});

for (const instance of HOLDS) {
  Deno.test(`the model holds: ${instance.name}`, () => {
    const outcome = outcomes.get(instance)!;
    assertEquals(outcome.violated, null);
    assertEquals(outcome.errors, 0);
    if (!instance.bounded) assert(!outcome.cut, "the search was not exhaustive");
  });
}

for (const instance of FOUND) {
  Deno.test(`the model finds: ${instance.name}`, () => {
    const outcome = outcomes.get(instance)!;
    assertEquals(outcome.errors, 1);
    assert(ASSERTIONS[instance.breaks].test(outcome.violated ?? ""), `found: ${outcome.violated}`);
  });
}

Deno.test("every transition of the manager's loop is taken in some search", async () => {
  const text = await Deno.readTextFile(new URL("manager.pml", import.meta.url));
  const lines = text.split("\n");
  const searched = HOLDS.map((instance) => outcomes.get(instance)!);
  const never = lines.flatMap((line, i) =>
    /\bT\(/.test(line) && searched.every(({ unreached }) => unreached.has(i + 1))
      ? [`${i + 1}: ${line.trim()}`]
      : []
  );
  assertEquals(never, []);
});

Deno.test.afterAll(() => {
  const rows = [...HOLDS, ...FOUND].map((instance) => {
    const { errors, cut, states, transitions, memoryMb, seconds } = outcomes.get(instance)!;
    return [
      instance.name.padEnd(62),
      errors === 0 ? "holds" : "found",
      errors > 0 ? "" : cut || instance.bounded ? "bounded" : "exhaustive",
      states.toLocaleString("en").padStart(11),
      transitions.toLocaleString("en").padStart(12),
      `${memoryMb.toFixed(0).padStart(5)} MB`,
      `${seconds.toFixed(1).padStart(5)} s`,
    ].map((cell, i) => i === 2 ? cell.padEnd(10) : cell).join("  ");
  });
  // deno-lint-ignore no-console
  console.log(["", `${" ".repeat(86)}states   transitions`, ...rows].join("\n"));
});
