/** What is cut from a text that becomes part of a sentence. Pure. @module */

/**
 * Without what gRPC puts between brackets, which holds running times: a sentence that changed every
 * second would be announced every second. The role's card and log have all of it.
 */
export function withoutNoise(text: string): string {
  return text.replace(/ \(\d+ [A-Z_]+:[^)]*\)/g, "");
}

/** Without full stops and spaces at the end. */
export function trimEnd(text: string): string {
  return text.replace(/[.\s]+$/, "");
}
