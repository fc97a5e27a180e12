/**
 * What differs between a stored value and a wanted one, line by line. Whoever shows it, such as the page,
 * needs nothing that writes. Pure.
 *
 * @module
 */
import { clip } from "../../base/clip.ts";
import type { Change, Stored } from "../model/compare.ts";
import { readValue } from "./json_changes.ts";
import { sorted } from "./list_pairs.ts";

/** Of a value that is no JSON. */
const MAX_TEXT_CHARS = 200;
const decoder = new TextDecoder();

/** The lines that go and come with a change. */
export function changeLines(
  { value }: Pick<Change, "value">,
  stored: Stored | undefined,
): string[] {
  const before = stored ? lines(decoder.decode(stored.value)) : [];
  const after = value === null ? [] : lines(value);
  return diffLines(before, after);
}

/** A value line by line; keys in order, so that only real differences show. */
function lines(text: string): string[] {
  const value = readValue(text);
  // What is no JSON, or nested too deeply to be read, is a text.
  if (typeof value === "string") return [clip(value, MAX_TEXT_CHARS)];
  return JSON.stringify(sorted(value), null, 1).split("\n");
}

/** Comparing more pairs of lines than this takes too long: old and new are then shown whole. */
const MAX_PAIRS = 1_000_000;

/** Lines that differ, with the lines that stay left out: a longest common subsequence. */
export function diffLines(before: readonly string[], after: readonly string[]): string[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const [old, now] = [
    before.slice(start, before.length - end),
    after.slice(start, after.length - end),
  ];
  if (old.length * now.length > MAX_PAIRS) {
    return [...old.map((line) => `- ${line}`), ...now.map((line) => `+ ${line}`)];
  }
  return longestCommon(old, now);
}

function longestCommon(before: readonly string[], after: readonly string[]): string[] {
  const table = Array.from(
    { length: before.length + 1 },
    () => new Array(after.length + 1).fill(0),
  );
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      table[i]![j] = before[i] === after[j]
        ? table[i + 1]![j + 1] + 1
        : Math.max(table[i + 1]![j], table[i]![j + 1]);
    }
  }
  const found: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && table[i + 1]![j] >= table[i]![j + 1])) {
      found.push(`- ${before[i++]}`);
    } else found.push(`+ ${after[j++]}`);
  }
  return found;
}
