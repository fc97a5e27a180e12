/** Text from outside that is safe to show: on a terminal, in a log, on the page. Pure. @module */

/**
 * What a terminal or a browser would act on instead of showing it: control characters (C0, DEL, C1),
 * separators of lines, marks of direction and other invisible marks, halves of surrogate pairs.
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with each such character as `\uXXXX`, as JSON has it. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
