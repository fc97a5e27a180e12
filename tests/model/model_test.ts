/** Searches every instance of the model; the table at the end says how much of it there was. @module */
import { assert, assertEquals } from "../support/assert.ts";
import { FOUND, HOLDS } from "./instances.ts";
import { type Outcome, search } from "./pan.ts";

const ASSERTIONS = { master: /record/, write: /jobTerm/, time: /leaderless/ };
const table: [name: string, outcome: Outcome, bounded: boolean][] = [];

for (const instance of HOLDS) {
  Deno.test(`the model holds: ${instance.name}`, async () => {
    const outcome = await search(instance);
    table.push([instance.name, outcome, instance.bounded === true]);
    assertEquals(outcome.violated, null);
    assertEquals(outcome.errors, 0);
    if (!instance.bounded) assert(!outcome.cut, "the search was not exhaustive");
  });
}

for (const instance of FOUND) {
  Deno.test(`the model finds: ${instance.name}`, async () => {
    const outcome = await search(instance);
    table.push([instance.name, outcome, true]);
    assertEquals(outcome.errors, 1);
    assert(ASSERTIONS[instance.breaks].test(outcome.violated ?? ""), `found: ${outcome.violated}`);
  });
}

Deno.test("every transition of the model is taken in some search", async () => {
  const text = await Deno.readTextFile(new URL("election.pml", import.meta.url));
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.startsWith("proctype Manager"));
  const searched = table.slice(0, HOLDS.length).map(([, outcome]) => outcome);
  const never = lines.flatMap((line, i) =>
    i > from && /\bT\(/.test(line) && searched.every(({ unreached }) => unreached.has(i + 1))
      ? [`${i + 1}: ${line.trim()}`]
      : []
  );
  assertEquals(never, []);
});

Deno.test.afterAll(() => {
  const rows = table.map(([name, { errors, states, transitions, memoryMb, seconds }, bounded]) =>
    [
      name.padEnd(60),
      errors === 0 ? "holds" : "found",
      bounded ? "bounded   " : "exhaustive",
      states.toLocaleString("en").padStart(11),
      transitions.toLocaleString("en").padStart(12),
      `${memoryMb.toFixed(0).padStart(5)} MB`,
      `${seconds.toFixed(1).padStart(5)} s`,
    ].join("  ")
  );
  // deno-lint-ignore no-console
  console.log(["", `${" ".repeat(88)}states   transitions`, ...rows].join("\n"));
});
