/**
 * This node's own word on its terms until etcd has it. What could not be written while etcd did not answer is kept,
 * an end also in the state directory, where the next manager finds it.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { TermAccount, TermRecord } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { isObserved } from "./observed_terms.ts";
import { describeTermEnd, type TermEnd } from "./reasons.ts";
import type { Leadership } from "./states.ts";

const MAX_ACCOUNTS = 20;
const MAX_REASON_CHARS = 500;

/** Accounts that etcd does not have yet. */
export class OwnTerms {
  /** The oldest first. */
  #untold: readonly TermAccount[] = [];

  /** @param id this node's election value */
  constructor(
    readonly id: string,
    readonly store: Pick<StateStore, "readTermAccounts" | "writeTermAccounts">,
  ) {}

  /** Those that are to be written, the oldest first. */
  get untold(): readonly TermAccount[] {
    return this.#untold;
  }

  /** Takes over what an earlier manager of this state directory could not write. */
  async load(): Promise<void> {
    const earlier = await this.store.readTermAccounts().catch(() => null) ?? [];
    const own = new Set(this.#untold.map(({ term }) => term));
    this.#untold = [...earlier.filter(({ term }) => !own.has(term)), ...this.#untold]
      .slice(-MAX_ACCOUNTS);
  }

  /** The record of a term as it will be once this node has told. @param node name of this node */
  applied(found: TermRecord, node: string): TermRecord {
    const own = this.#untold.find(({ term }) => term === found.term);
    return own && withAccount(found, own, node) || found;
  }

  began({ term, since: start }: Leadership): void {
    this.#replace({ term, id: this.id, start, end: null, reason: null, begun: false });
  }

  /** @param at when, ms since the epoch */
  async ended({ term, since: start }: Leadership, end: TermEnd, at: number): Promise<void> {
    const begun = this.#untold.every((account) => account.term !== term);
    const reason = clip(describeTermEnd(end), MAX_REASON_CHARS);
    this.#replace({ term, id: this.id, start, end: at, reason, begun });
    await this.#save();
  }

  /** etcd has that one, or will never take it. */
  async told(account: TermAccount): Promise<void> {
    this.#untold = this.#untold.filter((each) => each !== account);
    if (account.end !== null) await this.#save();
  }

  #replace(account: TermAccount): void {
    const others = this.#untold.filter(({ term }) => term !== account.term);
    this.#untold = [...others, account].slice(-MAX_ACCOUNTS);
  }

  /** Best effort: this process still knows. */
  async #save(): Promise<void> {
    const ended = this.#untold.filter(({ end }) => end !== null);
    await this.store.writeTermAccounts(ended).catch(() => {});
  }
}

/**
 * The record of a term with the word of the node that led; null: it stays as it is, because it says that already or
 * is of another term: an etcd that was restored gives revisions out again.
 *
 * @param found what etcd has
 * @param node name of the node that led
 */
export function withAccount(
  found: TermRecord | null,
  { term, id, start, end, reason, begun }: TermAccount,
  node: string,
): TermRecord | null {
  const over = end === null ? {} : { end, reason, endBy: "leader" as const };
  if (found === null) {
    return begun ? null : { term, node, id, start, end: null, reason: null, ...over };
  }
  if (found.id !== id || (found.start !== start && !isObserved(found))) return null;
  const record = { ...found, node, start, ...over };
  return JSON.stringify(record) === JSON.stringify(found) ? null : record;
}
