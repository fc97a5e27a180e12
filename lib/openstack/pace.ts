/**
 * How many requests to Neutron may be under way at a time. It begins with one, and two as soon as an answer was
 * cheap, so that what an answer costs a Neutron that is hardly burdened is known first; it grows while answers stay
 * about as quick as that. When they get slower than twice as long, or Neutron refuses or falls silent, it comes down
 * at once and goes up slowly. It trusts the monotonic clock alone.
 *
 * @module
 */
import { median } from "../base/median.ts";
import { type Answer, AnswerCosts, costOf } from "./answer_costs.ts";

/** Answers that take longer than so many times as usual are slow. */
const SLOW = 2;
/** More at a time are only tried while answers take no longer than so many times as usual. */
const QUICK = 1.5;
/** Who answers within this burdens nobody, whatever is usual, ms. */
const NEVER_SLOW_MS = 100;
/** Who answers at this cost is not burdened, ms a record: an idle Neutron 21 takes 0.64 for a port. */
const CHEAP_MS = 1;
/** So many answers, at least, are a reason to come down: a single slow one has many causes. */
const ENOUGH = 3;
const MAX_ENOUGH = 9;
/** After coming down, the time until one more is tried, ms; doubled each time that this goes wrong. */
const FIRST_PAUSE_MS = 10_000;
/** The longest such time, ms. */
export const MAX_PAUSE_MS = 320_000;
/** What held for so long did not go wrong, ms. */
const HELD_MS = 60_000;

/**
 * Why fewer requests may be under way: answers take more than twice as long as usual; 429; 502, 503 or 504; no
 * answer at all.
 */
export type SlowReason = "slow" | "too-many" | "unavailable" | "no-answer";

const REASONS: Readonly<Record<number, SlowReason>> = {
  429: "too-many",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/** What a status that Neutron refuses with says of its burden; null: nothing. Status null: it is silent. */
export function slowReason(status: number | null): SlowReason | null {
  return status === null ? "no-answer" : REASONS[status] ?? null;
}

/** Raised and lowered by what becomes of requests. */
export class Pace {
  /** Requests that may be under way now; from 1 to `most`. */
  limit = 1;
  /** Raised each time that the limit comes down: what was sent before tells nothing of the new one. */
  era = 0;
  /** Why it came down last, or stayed at one, and when by the monotonic clock, ms; null: nothing was a reason to. */
  cameDown: { readonly reason: SlowReason; readonly at: number } | null = null;
  readonly #costs = new AnswerCosts();
  /** Of answers to what was sent in this era: how many times as long as usual they took. */
  #ratios: number[] = [];
  #pauseMs = FIRST_PAUSE_MS;
  /** When one more may be tried, by the monotonic clock; −∞: nothing has gone wrong yet. */
  #growAt = -Infinity;
  #grewAt = -Infinity;
  /** It came down once, and has gone up slowly since. */
  #isCareful = false;

  /** @param onDown is told each time that it comes down. */
  constructor(
    readonly most: number,
    readonly monotonic: () => number,
    readonly onDown: (reason: SlowReason) => void = () => {},
  ) {}

  /** Notes an answer to what was sent in that era. */
  answered(answer: Answer, era: number): void {
    const compared = this.#costs.compare(answer);
    if (era !== this.era) return;
    if (compared === null) {
      // Nothing is known of its kind yet. Two at a time still show what is usual, more might hide it.
      if (this.limit === 1 && costOf(answer) <= CHEAP_MS) this.#grow();
      return;
    }
    const ratio = answer.ms < NEVER_SLOW_MS ? Math.min(compared, 1) : compared;
    const enough = Math.min(MAX_ENOUGH, Math.max(ENOUGH, this.limit));
    this.#ratios = [...this.#ratios, ratio].slice(-enough);
    const usual = median(this.#ratios);
    if (this.#ratios.length === enough && usual > SLOW) {
      this.#comeDown("slow", Math.max(0.5, SLOW / usual));
      return;
    }
    // Where fewer were under way than may be, nothing tells how one more would do.
    if (answer.beside >= this.limit && ratio <= QUICK && usual <= QUICK) this.#grow();
  }

  /** Notes a refusal, or silence, to what was sent in that era. */
  refused(reason: SlowReason, era: number): void {
    if (era === this.era) this.#comeDown(reason, 0.5);
  }

  /** At first by one with each answer, so that it doubles in the time of one; later by one after a pause. */
  #grow(): void {
    const now = this.monotonic();
    if (this.limit >= this.most || now < this.#growAt) return;
    this.limit++;
    if (!this.#isCareful) return;
    this.#grewAt = now;
    this.#growAt = now + this.#pauseMs;
    this.#ratios = [];
  }

  #comeDown(reason: SlowReason, factor: number): void {
    const now = this.monotonic();
    this.cameDown = { reason, at: now };
    if (this.limit === 1) {
      this.#growAt = now + this.#pauseMs;
      return;
    }
    const wentWrong = now - this.#grewAt < HELD_MS;
    this.#pauseMs = wentWrong ? Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs) : FIRST_PAUSE_MS;
    this.#growAt = now + this.#pauseMs;
    this.limit = Math.min(this.limit - 1, Math.max(1, Math.floor(this.limit * factor)));
    this.era++;
    this.#ratios = [];
    this.#isCareful = true;
    this.onDown(reason);
  }
}
