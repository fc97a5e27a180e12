/** Names as a stranger may choose them: what a terminal or a browser acts on instead of showing it. @module */

/** Control sequences, marks of direction, halves of characters, and a very long one. */
export const HOSTILE_NAMES: readonly string[] = [
  "red\u001b[31m",
  "over\u202eridden",
  "isolated\u2066",
  "return\rOK: all is well",
  "back\b\b\b\b",
  "two\nOK: lines",
  "rubout\u007f",
  "c1\u009b31m\u0085x",
  "half\ud83d",
  "low\udc00half",
  "hidden\u200b\u00ad\ufeff",
  "tag\u{e0041}",
  "long".repeat(20_000),
];

/** What must not reach a terminal; ends of lines may. */
export const ACTED_ON =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0001}-\u{e007f}]|\p{Cs}/u;
