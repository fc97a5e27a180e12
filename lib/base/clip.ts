/** Text cut to a length, for records and pages that must stay small. Pure. @module */

/** At most `max` characters, the cut marked; control characters become spaces. */
export function clip(text: string, max: number): string {
  // deno-lint-ignore no-control-regex
  const line = text.slice(0, max + 1).replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, " ");
  if (line.length <= max) return line;
  // A cut between the halves of a surrogate pair would leave half a character.
  return line.slice(0, max - 1).replace(/[\ud800-\udbff]$/, "") + "…";
}
