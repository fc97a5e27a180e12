/**
 * Shows what a resync would change, as a text, and writes nothing to etcd. Objects that differ in the same
 * way are told together.
 *
 * @module
 */
import { escapeControls } from "../../base/escape_controls.ts";
import { formatCount, plural } from "../../base/format.ts";
import type { Change, Stored } from "../model/compare.ts";
import { changeLines } from "./change_lines.ts";
import { groupKey, isTold, placeText, wordOf } from "./difference_groups.ts";
import { jsonChanges } from "./json_changes.ts";
import { NoSink } from "./sink.ts";

/** Objects that differ in the same way. */
interface Told {
  readonly action: Change["action"];
  readonly kind: string;
  /** Places, or lines that go (`-`) and come (`+`). */
  readonly lines: readonly string[];
  readonly keys: string[];
}

const decoder = new TextDecoder();

/** Collects the differences as text; the first `maxChars` of them. */
export class DryRunSink extends NoSink {
  readonly #told: Told[] = [];
  readonly #groups = new Map<string, Told>();
  #chars = 0;
  #count = 0;
  #shown = 0;

  constructor(readonly maxChars = 10_000_000) {
    super();
  }

  override add(change: Change, stored: Stored | undefined): null {
    this.#count++;
    if (this.#chars < this.maxChars) {
      this.#shown++;
      this.#tell(change, stored);
    }
    return null;
  }

  #tell(change: Change, stored: Stored | undefined): void {
    const { action, kind, key, value } = change;
    const before = stored ? decoder.decode(stored.value) : null;
    const { changes, more } = jsonChanges(before, value);
    const difference = { action, kind, changes, moreChanges: more };
    const group = groupKey(difference);
    this.#chars += key.length;
    const known = group === null ? undefined : this.#groups.get(group);
    if (known) {
      known.keys.push(key);
      return;
    }
    const lines = isTold(difference) ? changes.map(placeText) : changeLines(change, stored);
    const told = { action, kind, lines, keys: [key] };
    this.#told.push(told);
    if (group !== null) this.#groups.set(group, told);
    for (const line of lines) this.#chars += line.length;
  }

  /** All of it. */
  text(): string {
    const end = this.#shown === this.#count ? "" : `… and more: ${formatCount(this.#count)} ` +
      `differences in all, of which these are the first ${formatCount(this.#shown)}\n`;
    return this.#told.map(textOf).join("") + end;
  }
}

function textOf({ action, kind, lines, keys }: Told): string {
  const [first, ...others] = keys.map(escapeControls);
  const indented = lines.map((line) => `  ${escapeControls(line)}\n`).join("");
  if (others.length === 0) return `${action} ${first}\n${indented}`;
  const many = `${action} ${plural(keys.length, wordOf(kind))}`;
  const where = [first, ...others].map((key) => `    ${key}\n`).join("");
  return lines.length === 1
    ? `${many}: ${escapeControls(lines[0]!)}\n${where}`
    : `${many}, each of them:\n${indented}${where}`;
}
