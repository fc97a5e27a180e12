/** What a command prints that needs nothing of the machine. @module */
import { assert, assertEquals } from "../support/assert.ts";
import { guides, parseCommandLine } from "../../commands/commands.ts";
import type { CommandContext } from "../../commands/context.ts";

/** Runs it, and has it succeed. */
export async function printed(...words: string[]): Promise<string> {
  const asked = await parseCommandLine(words);
  assert(typeof asked === "object" && "run" in asked);
  let text = "";
  const context = { guides, print: (said: string) => void (text += said) };
  assertEquals(await asked.run(context as unknown as CommandContext), 0);
  return text;
}
