import { assertEquals, assertMatch } from "../support/assert.ts";
import { checkHistory, type Claim, type History, type Write } from "./history.ts";

const claim = (node: string, term: number, at: number): Claim => ({ node, term, at });
const write = (node: string, term: number, revision: number): Write => ({ node, term, revision });
const history = (change: Partial<History>): History => ({
  claims: [claim("a", 5, 100), claim("a", 5, 200), claim("b", 9, 201), claim("b", 9, 900)],
  writes: [write("a", 5, 6), write("a", 5, 7), write("b", 9, 10)],
  healed: [{ at: 150, until: 1000 }],
  ...change,
});

Deno.test("a good history passes", () => assertEquals(checkHistory(history({}), 500), []));

const BAD: [string, Partial<History>, RegExp][] = [
  [
    "two masters at once",
    { claims: [...history({}).claims, claim("a", 5, 201)] },
    /before the end/,
  ],
  ["a late claim of a term before the last", {
    claims: [...history({}).claims, claim("c", 12, 950), claim("a", 5, 960)],
  }, /term 12 of c began 10 ms before the end of term 5 of a/],
  ["a term of two nodes", { claims: [...history({}).claims, claim("a", 9, 950)] }, /and to a/],
  [
    "a write of an older term",
    { writes: [...history({}).writes, write("a", 5, 11)] },
    /after term 9/,
  ],
  ["nobody leads again", { healed: [{ at: 901, until: 2000 }] }, /nobody led/],
  ["somebody leads too late", {
    claims: [claim("a", 5, 100), claim("b", 9, 1601)],
    healed: [{ at: 1000, until: 2000 }],
  }, /nobody led within 500 ms.*601 ms/],
];
for (const [what, change, message] of BAD) {
  Deno.test(`the checker sees ${what}`, () => {
    assertMatch(checkHistory(history(change), 500).join("; "), message);
  });
}
