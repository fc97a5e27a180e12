/**
 * The account of rounds: a slice that has changed something, or holds back what was not held back before, is
 * told as an incremental run is; the end of a round that has compared everything as a periodic one, when
 * something was or is to be said.
 *
 * @module
 */
import type { JobContext, Term } from "../../role/master_context.ts";
import type { Guard, LeftOut } from "../../state/records.ts";
import type { ResyncDeps, ResyncResult } from "../apply/sync_run.ts";
import { runPartial } from "../report/partial.ts";
import { type RecordedOptions, totals } from "../report/record.ts";
import type { Rounds, SliceOutcome } from "./rounds.ts";

/** What a slice has come to. */
export interface SliceEnd {
  /** Objects that it has changed in etcd. */
  readonly changes: number;
  /** Its round compares with etcd, so that what it has changed may be what others have written there. */
  readonly whole: boolean;
  /** The round that it has ended; null: that goes on. */
  readonly ended: SliceOutcome["ended"];
}

/** Names of objects that were left, of each sort. */
const MAX_NAMES = 10;

/** Runs slices and tells of them, in one term. */
export class RoundRuns {
  /** What the rounds hold back, as JSON: before, and in the one that goes on. */
  #heldBefore = "[]";
  #held: Guard[] = [];
  #left: LeftOut[] = [];
  /** Something stands in the history that only a run over everything can lift. */
  #standing = { ofFull: false, ofSlices: false, left: false };

  constructor(
    readonly rounds: Rounds,
    readonly context: JobContext,
    readonly term: Term,
  ) {}

  /** A full resync has ended with this. */
  noteFull({ guards, leftOut }: ResyncResult): void {
    this.#standing = { ofFull: guards.length > 0, ofSlices: false, left: leftOut.length > 0 };
    [this.#heldBefore, this.#held, this.#left] = ["[]", [], []];
  }

  /** A run that was no slice has ended with this: what it says stands until a run over everything lifts it. */
  readonly notePart = ({ guards, leftOut }: Pick<ResyncResult, "guards" | "leftOut">): void => {
    if (guards.length > 0) this.#standing.ofSlices = true;
    if (leftOut.length > 0) this.#standing.left = true;
  };

  /** Does the next slice. @throws what reading or writing threw. */
  async slice(deps: ResyncDeps, noted: RecordedOptions): Promise<SliceEnd> {
    const { context, term } = this;
    let end: SliceEnd | null = null;
    await runPartial(context, term, noted, async () => {
      const { run, whole: ofWhole, ended } = await this.rounds.slice(deps, term);
      const result = run.result();
      const { created, updated, deleted } = totals(result);
      const changes = created! + updated! + deleted!;
      this.#held.push(...result.guards);
      this.#left = merged([...this.#left, ...result.leftOut]);
      const isNews = this.#isNews(result.guards);
      if (!ended) {
        end = { changes, whole: ofWhole, ended };
        return { result, tells: changes > 0 || isNews, isPart: true };
      }
      const needsFull = ended.needsFull || this.#needsFull(ended.whole);
      end = { changes, whole: ofWhole, ended: { ...ended, needsFull } };
      // Where something stands that this did not look into, a full resync has the word.
      const whole = ended.whole && !needsFull;
      const leftOut = whole ? this.#left : result.leftOut;
      const tells = changes > 0 || isNews ||
        whole && (this.#standing.left || leftOut.length > 0 || this.#held.length > 0);
      this.#endRound(whole);
      return { result: { ...result, leftOut }, tells, whole };
    });
    return end!;
  }

  /** A guard that goes on holding the same is no news every round. */
  #isNews(guards: readonly Guard[]): boolean {
    if (guards.length === 0) return false;
    this.#standing.ofSlices = true;
    return JSON.stringify(guards) !== this.#heldBefore;
  }

  /** Whether what was held back has to be judged again: a part cannot lift it. */
  #needsFull(whole: boolean): boolean {
    const isOver = this.#standing.ofSlices && this.#held.length === 0;
    return isOver || whole && this.#standing.ofFull;
  }

  #endRound(whole: boolean): void {
    if (whole) this.#standing.left = this.#left.length > 0;
    this.#heldBefore = JSON.stringify(this.#held);
    [this.#held, this.#left] = [[], []];
  }
}

/** Of each reason and collection one, with all that was left. */
function merged(all: readonly LeftOut[]): LeftOut[] {
  const by = new Map<string, LeftOut>();
  for (const left of all) {
    const name = `${left.why} ${left.collection}`;
    const { total, names } = by.get(name) ?? { total: 0, names: [] };
    const more = [...names, ...left.names].slice(0, MAX_NAMES);
    by.set(name, { ...left, total: total + left.total, names: more });
  }
  return [...by.values()];
}
