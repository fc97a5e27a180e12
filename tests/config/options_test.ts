import { assert, assertEquals } from "../support/assert.ts";
import { choice, integer, string } from "../../lib/config/kinds.ts";
import { optional, type OptionRow, row } from "../../lib/config/option_row.ts";
import {
  flagOf,
  type OptionName,
  optionOf,
  OPTIONS,
  type ValueOf,
} from "../../lib/config/options.ts";
import { OPTIONS_PAGE, optionsPage } from "../../tools/options_page.ts";
import { type Flags, OptionValues } from "../../lib/config/values.ts";

const entry = (name: OptionName, value: string | null) => ({
  option: optionOf(name),
  value,
  source: "a test",
  level: 0,
});

Deno.test("what is no name of an option does not type-check", () => {
  const values = new OptionValues([entry("election_ttl", "15"), entry("region", null)]);
  assertEquals(values.get("election_ttl"), 15);
  assertEquals(values.get("region"), null);
  // @ts-expect-error a misspelt option
  const misspelt = () => values.get("election_tl");
  // @ts-expect-error the same where it is only asked for
  const asked = () => values.has("regoin");
  // @ts-expect-error a flag of no option
  const flags: Flags = { election_tl: "15" };
  assertEquals([typeof misspelt, typeof asked, Object.keys(flags).length], [
    "function",
    "function",
    1,
  ]);
});

Deno.test("a value has the type of its kind, and null only where it may be unset", () => {
  const ttl: ValueOf<"election_ttl"> = 15;
  const level: ValueOf<"log_level"> = "warn";
  const region: ValueOf<"region"> = null;
  const wrong = [
    // @ts-expect-error a whole number is no text
    "15" satisfies ValueOf<"election_ttl">,
    // @ts-expect-error it has a default
    null satisfies ValueOf<"election_ttl">,
    // @ts-expect-error none of the words
    "loud" satisfies ValueOf<"log_level">,
    // @ts-expect-error the host name stands in
    null satisfies ValueOf<"node_name">,
  ];
  assertEquals([ttl, level, region, wrong.length], [15, "warn", null, 4]);
});

Deno.test("a row with a misspelt kind, or one that says too little, does not type-check", () => {
  const rows: (() => OptionRow)[] = [
    () => row(integer(1, 2), "1", "Help"),
    () => optional(choice("a", "b"), "Help", { unit: "s" }),
    // @ts-expect-error there is no such kind
    () => row(intger(1, 2), "1", "Help"),
    // @ts-expect-error a kind is more than its name
    () => row("integer", "1", "Help"),
    // @ts-expect-error no help
    () => row(string, "x"),
    // @ts-expect-error a misspelt column
    () => row(string, "x", "Help", { secrt: true }),
  ];
  assertEquals(rows.length, 6);
});

Deno.test("every default is allowed, and no two options share a flag or a name of the environment", () => {
  for (const { name, kind, fallback } of OPTIONS) {
    assert(fallback === null || kind.parse(fallback) !== null, name);
  }
  const flags = OPTIONS.map(flagOf);
  assertEquals(new Set(flags).size, flags.length);
  const own = OPTIONS.map(({ env }) => env[0]);
  assertEquals(new Set(own).size, own.length);
});

Deno.test("docs/options.md is the generated page", async () => {
  assertEquals(await Deno.readTextFile(OPTIONS_PAGE), optionsPage());
});
