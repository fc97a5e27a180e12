/**
 * One call, made to as many members as it takes: the next one is asked at once when a member refuses, when
 * one is found sick, and when a third of the time that is left is over. The first answer counts; those who
 * were asked before may still do what they were asked for, so a call must be safe to make twice.
 *
 * A member that serves may never answer: what a follower hands to a leader that ends just then is lost. So
 * when all have been asked, they are asked again.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { isBetweenLeaders, isOfMember, wasNeverSent } from "./call_errors.ts";
import type { Member } from "./member.ts";
import type { Members } from "./members.ts";

/** A call without an answer for so long makes one ask how the member does, ms; then twice as long, … */
const DOUBT_MS = 200;
/** Pause when no member can answer. */
const ROUND: Backoff = { firstMs: 150, maxMs: 150, jitter: "around" };
/**
 * With several members, time in which all of them may refuse the connection, as when one is restarted after
 * the other, ms.
 */
const ALL_REFUSE_MS = 1000;
/** The share of the time that is left after which the next member is asked … */
const SHARE = 1 / 3;
/** … and no sooner than this, ms. */
const MIN_PATIENCE_MS = 300;

/** One try at one member, until `deadline`, ms since the epoch. */
export type Attempt<T> = (member: Member, deadline: number) => Promise<T>;

/** A member that was asked, and for whom one waits. */
interface Asked {
  /** Another was asked in its place, since it took too long. */
  replaced: boolean;
  /** Ends the waiting. */
  stop(): void;
}

/** A call and its attempts; `run` it once. */
export class RepeatedCall<T> {
  readonly #outcome = Promise.withResolvers<T>();
  /** Members that were asked in this round. */
  readonly #tried = new Set<Member>();
  readonly #asked = new Set<Asked>();
  readonly #cleanUp = new Set<() => void>();
  /** When a member last took the call, by the monotonic clock, ms. */
  #takenAt = performance.now();
  #over = false;
  /** All were asked, and none answers: they are asked again in a moment. */
  #pausing = false;
  #sent = 0;
  #answered = false;

  /**
   * @param deadline ms since the epoch.
   * @param once it is repeated only when it has surely not happened.
   */
  constructor(
    readonly members: Members,
    readonly attempt: Attempt<T>,
    readonly deadline: number,
    readonly once = false,
  ) {}

  /** Attempts that may have done what they were asked for. */
  get sent(): number {
    return this.#sent;
  }

  /** Makes the call. @throws what the last member said. */
  async run(): Promise<T> {
    this.#next();
    try {
      return await this.#outcome.promise;
    } finally {
      this.#over = true;
      for (const clean of [...this.#cleanUp]) clean();
    }
  }

  /** Asks a member that was not asked in this round; false: there is none. */
  #next(): boolean {
    const member = this.members.choose(this.#tried);
    if (this.#over || member === null) return false;
    this.#tried.add(member);
    this.#sent++;
    const asked = this.#watchOver(member);
    this.#asked.add(asked);
    const done = () => {
      asked.stop();
      this.#asked.delete(asked);
    };
    this.attempt(member, this.deadline).then(
      (value) => {
        done();
        this.#outcome.resolve(value);
      },
      (error) => {
        done();
        this.#failed(member, asked, error);
      },
    );
    return true;
  }

  #failed(member: Member, { replaced }: Asked, error: unknown): void {
    if (this.#over) return;
    if (wasNeverSent(error)) this.#sent--;
    else this.#takenAt = performance.now();
    this.members.note(member, error);
    if (!isOfMember(error) || (this.once && !wasNeverSent(error))) {
      return this.#outcome.reject(error);
    }
    this.#answered ||= isBetweenLeaders(error);
    const waits = () => [...this.#asked].some((other) => !other.replaced);
    if (this.#pausing || (replaced && waits()) || this.#next() || waits()) return;
    const pauseMs = backoffMs(ROUND, 0);
    const hopeful = this.#answered ||
      (this.members.all.length > 1 && performance.now() < this.#takenAt + ALL_REFUSE_MS);
    if (!hopeful || Date.now() + 2 * pauseMs >= this.deadline) {
      // One of whom nothing was heard for long may still answer.
      if (this.#asked.size === 0) this.#outcome.reject(error);
      return;
    }
    this.#pausing = true;
    this.#after(pauseMs, () => this.#nextRound());
  }

  #nextRound(except?: Member): void {
    this.#pausing = false;
    this.#tried.clear();
    if (except) this.#tried.add(except);
    this.#answered = false;
    this.#next();
  }

  /** Goes on to the next member when this one is found sick, or lets the time pass. */
  #watchOver(member: Member): Asked {
    const asked: Asked = { replaced: false, stop: () => {} };
    if (this.once || this.members.all.length === 1) return asked;
    const replace = () => {
      if (asked.replaced) return;
      asked.replaced = true;
      if (!this.#next()) this.#nextRound(member);
    };
    const wellBefore = member.well;
    const forget = wellBefore ? member.whenSick(replace) : () => {};
    const patienceMs = Math.max(MIN_PATIENCE_MS, (this.deadline - Date.now()) * SHARE);
    const cancelPatience = this.#after(patienceMs, replace);
    let cancelDoubt = () => {};
    const doubtAfter = (ms: number) => {
      cancelDoubt = this.#after(ms, () => {
        this.members.doubt(member);
        if (!asked.replaced) doubtAfter(2 * ms);
      });
    };
    doubtAfter(DOUBT_MS);
    asked.stop = () => {
      forget();
      cancelPatience();
      cancelDoubt();
      this.#cleanUp.delete(asked.stop);
    };
    this.#cleanUp.add(asked.stop);
    return asked;
  }

  #after(ms: number, act: () => void): () => void {
    const cancel = () => {
      clearTimeout(timer);
      this.#cleanUp.delete(cancel);
    };
    const timer = setTimeout(() => {
      this.#cleanUp.delete(cancel);
      act();
    }, ms);
    this.#cleanUp.add(cancel);
    return cancel;
  }
}

/** Makes a call that is safe to make twice. @throws what the last member said. */
export function repeated<T>(
  members: Members,
  deadline: number,
  attempt: Attempt<T>,
): Promise<T> {
  return new RepeatedCall(members, attempt, deadline).run();
}
