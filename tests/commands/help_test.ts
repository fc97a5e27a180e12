import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { guides, parseCommandLine } from "../../commands/commands.ts";
import { choice } from "../../lib/config/kinds.ts";
import { valued } from "../../lib/config/command_line.ts";
import { commandHelp } from "../../lib/config/help_text.ts";
import { OPTIONS } from "../../lib/config/options.ts";

async function help(columns: number | undefined, ...args: string[]): Promise<string> {
  const asked = await parseCommandLine(args, columns);
  assert(typeof asked === "object" && "help" in asked, JSON.stringify(asked));
  return asked.help;
}

Deno.test("no line of the help is wider than the terminal, nor than people read well", async () => {
  const all = (await guides()).map(({ name }) => name);
  for (const [columns, most] of [[undefined, 80], [80, 80], [60, 60], [120, 100], [500, 100]]) {
    for (const words of [[], ...all.map((name) => [name])]) {
      const text = await help(columns, ...words, "--help");
      for (const line of text.split("\n")) {
        // What is to be copied, and a word that is longer, are not broken.
        const whole = /^ {2}calico-conductor |^\s*\S+$/.test(line);
        assert(line.length <= most! || whole, `${columns}: ${line}`);
      }
    }
  }
  // Where there is no room for two columns, what a flag means stands below it.
  assertMatch(
    await help(50, "--help"),
    /^ {2}--election-ttl\n {6}Life of the election key's lease/m,
  );
});

Deno.test("the help says what each value may be, and the same of several flags once", async () => {
  const general = await help(100, "--help");
  assertMatch(general, /--log-format .*\[text\]; text \| json$/m);
  assertMatch(general, /--election-ttl .*\[15 s\]; a whole number from 3 to 3600$/m);
  assertMatch(general, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
  for (const { name, secret, env } of OPTIONS) {
    const shown = secret ? env[0] : `--${name.replaceAll("_", "-")}`;
    assertMatch(general, new RegExp(`^ {2}${shown}( |$)`, "m"));
  }
  const resync = await help(80, "resync", "--help");
  assertEquals(resync.match(/a UUID such as/g)?.length, 1, resync);
  assertMatch(
    await help(100, "step-down", "-h"),
    /--pause SECONDS .*\[60\]; a whole number from 0 to/,
  );
});

Deno.test("every command has an example, and each of them is understood", async () => {
  for (const { name, examples } of await guides()) {
    assert(examples.length > 0, name);
    const own = await help(80, name, "--help");
    for (const { words, does } of examples) {
      assert(own.includes(`  calico-conductor ${words}\n`), words);
      assert(own.replaceAll(/\s+/g, " ").includes(does), does);
      const asked = await parseCommandLine(words.split(/ [|>]/)[0]!.split(" "));
      assert(typeof asked === "object" && "run" in asked && asked.name === name, words);
    }
  }
});

Deno.test("a flag's placeholder that says all is not said again", () => {
  const flags = { output: valued(choice("text", "json"), "text|json", "text", "print") };
  const guide = { name: "x", about: "X", details: [], subject: null, choices: [], examples: [] };
  assertMatch(commandHelp({ ...guide, flags }, 80), /^ {2}--output text\|json +print \[text\]$/m);
});
