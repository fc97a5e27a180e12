/** Text from outside that is safe to show: on a terminal, in a log, on the page. Pure. @module */

/**
 * What a terminal or a browser would act on instead of showing it: control characters (C0, DEL, C1),
 * separators of lines, marks of direction and other invisible marks, halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with each such character as `\uXXXX`, as JSON has it. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (char) => char.split("").map(escaped).join(""));
}

/** The same line by line: the ends of lines stay. What is JSON stays JSON. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeControls).join("\n");
}

/** One UTF-16 code unit. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
