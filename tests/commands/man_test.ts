import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { inTime } from "../support/in_time.ts";
import { programMissing } from "../support/system_program.ts";
import { guides } from "../../commands/commands.ts";
import { manPage } from "../../lib/config/man_page.ts";
import { OPTIONS } from "../../lib/config/options.ts";
import { printed } from "./printed.ts";

/** The page as a terminal shows it, and what the formatter warns of. */
async function formatted(page: string): Promise<{ text: string; warnings: string }> {
  const groff = new Deno.Command("groff", {
    args: ["-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=100n"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = groff.stdin.getWriter();
  await writer.write(new TextEncoder().encode(page));
  await writer.close();
  const { stdout, stderr } = await inTime("groff ends", groff.output());
  const [text, warnings] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { text: text!, warnings: warnings! };
}

const noGroff = await programMissing("groff");

Deno.test({
  name: "the manual page has no fault that groff knows, and every command, flag and option",
  ignore: noGroff !== null,
  async fn() {
    const { text, warnings } = await formatted(await printed("man"));
    assertEquals(warnings, "");
    for (const { name, flags } of await guides()) {
      assertMatch(text, new RegExp(`^ +${name}( |$)`, "m"));
      for (const [flag, { help }] of Object.entries(flags)) {
        assertEquals(text.includes(`--${flag} `) || text.includes(`--${flag}\n`), help !== null);
      }
    }
    for (const { name, secret, env } of OPTIONS) {
      const shown = secret ? env[0] : `--${name.replaceAll("_", "-")}`;
      assert(text.includes(shown), shown);
    }
    assertMatch(text, /EXIT STATUS\n +0 +done/);
    assertMatch(text, /calico-conductor start --config-file \/etc\/neutron\/neutron\.conf$/m);
  },
});

Deno.test({
  name: "no text of a command is taken for a command of roff's",
  ignore: noGroff !== null,
  async fn() {
    const hostile = String.raw`.so /etc/passwd \fB\n "quoted" 'x' -- \(dq OS_… ★`;
    const guide = {
      name: "x",
      about: hostile,
      details: [hostile],
      flags: {},
      subject: null,
      choices: [],
      examples: [{ words: hostile, does: hostile }],
    };
    const { text, warnings } = await formatted(manPage([guide], "1"));
    assertEquals(warnings, "");
    assertEquals(text.replaceAll(/\s+/g, " ").split(hostile).length, 5);
  },
});
