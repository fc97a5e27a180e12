/** For `heap_test.ts`: makes garbage, or keeps an array buffer and objects of some 2 MB together. @module */
import { answerAll } from "../../bench/child.ts";
import { print } from "../../bench/print.ts";

const kept: unknown[] = [];

function some(): unknown[] {
  const objects = Array.from({ length: 20_000 }, (_, i) => ({ i, text: `number ${i}` }));
  return [new Uint8Array(1_000_000).fill(1), ...objects];
}

print("0");
await answerAll<"garbage" | "keep">((what) => {
  const made = some();
  if (what === "keep") kept.push(made);
  return Promise.resolve(made.length);
});
Deno.exit(0);
