/**
 * Shows what a resync would change, as a readable diff, and writes nothing to etcd.
 *
 * @module
 */
import type { Change, Stored } from "../model/compare.ts";
import { changeLines } from "./change_lines.ts";
import { NoSink } from "./sink.ts";

/** Collects the differences as text; the first `maxChars` of them. */
export class DryRunSink extends NoSink {
  #text = "";
  #count = 0;
  #cut = false;

  constructor(readonly maxChars = 10_000_000) {
    super();
  }

  override add(change: Change, stored: Stored | undefined): Promise<void> {
    this.#count++;
    if (this.#text.length < this.maxChars) {
      // Lines that go begin with `-`, lines that come with `+`.
      const lines = changeLines(change, stored).map((line) => `  ${line}\n`);
      this.#text += `${change.action} ${change.key}\n${lines.join("")}`;
    } else this.#cut = true;
    return Promise.resolve();
  }

  /** All of it. */
  text(): string {
    const end = this.#cut ? `… and more: ${this.#count} differences in all\n` : "";
    return this.#text + end;
  }
}
