/** What the completions of all shells have in common. @module */
import {
  type CommandGuide,
  COMMON_FLAGS,
  type FlagGuide,
  OPTION_FLAGS,
  ownFlags,
} from "../guide.ts";

/** The word that asks for a command's help. */
export const HELP = "help";

/** All flags of all commands, and the options; each once. */
export function everyFlag(guides: readonly CommandGuide[]): FlagGuide[] {
  const all = [...COMMON_FLAGS, ...OPTION_FLAGS, ...guides.flatMap(ownFlags)];
  return [...new Map(all.map((guide) => [guide.flag, guide])).values()];
}

/** What a shell can offer as a flag's value; null: nothing, or it takes none. */
export function valuesOf(
  { kind, placeholder }: FlagGuide,
): readonly string[] | "file" | "directory" | null {
  return placeholder === null ? null : kind?.completes ?? null;
}

/** The text between single quotes, as zsh reads them. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
