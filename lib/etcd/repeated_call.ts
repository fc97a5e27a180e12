/**
 * One call, made to as many members as it takes: the next one is asked at once when a member refuses, when
 * one is found sick, and when a third of the time is over. The first answer counts; those who were asked
 * before may still do what they were asked for, so a call must be safe to make twice.
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
/** With several members, time in which all of them may refuse, as when one is restarted after the other, ms. */
const ALL_REFUSE_MS = 1000;
/** The share of the time after which the next member is asked. */
const SHARE = 1 / 3;

/** One try at one member, until `deadline`, ms since the epoch. */
export type Attempt<T> = (member: Member, deadline: number) => Promise<T>;

/** A call and its attempts; `run` it once. */
export class RepeatedCall<T> {
  readonly #outcome = Promise.withResolvers<T>();
  readonly #tried = new Set<Member>();
  readonly #cleanUp = new Set<() => void>();
  readonly #patienceMs: number;
  readonly #startedAt = performance.now();
  #over = false;
  #inFlight = 0;
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
  ) {
    this.#patienceMs = Math.max(1, (deadline - Date.now()) * SHARE);
  }

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

  /** Asks a member that was not asked yet; false: there is none. */
  #next(): boolean {
    const member = this.members.choose(this.#tried);
    if (this.#over || member === null) return false;
    this.#tried.add(member);
    this.#inFlight++;
    this.#sent++;
    const stop = this.#watchOver(member);
    this.attempt(member, this.deadline).then(
      (value) => {
        stop();
        this.#outcome.resolve(value);
      },
      (error) => {
        stop();
        this.#inFlight--;
        this.#failed(member, error);
      },
    );
    return true;
  }

  #failed(member: Member, error: unknown): void {
    if (this.#over) return;
    if (wasNeverSent(error)) this.#sent--;
    this.members.note(member, error);
    if (!isOfMember(error) || (this.once && !wasNeverSent(error))) {
      return this.#outcome.reject(error);
    }
    this.#answered ||= isBetweenLeaders(error);
    if (this.#next() || this.#inFlight > 0) return;
    const pauseMs = backoffMs(ROUND, 0);
    const hopeful = this.#answered ||
      (this.members.all.length > 1 && performance.now() < this.#startedAt + ALL_REFUSE_MS);
    if (!hopeful || Date.now() + 2 * pauseMs >= this.deadline) return this.#outcome.reject(error);
    this.#tried.clear();
    this.#answered = false;
    this.#after(pauseMs, () => this.#next());
  }

  /** Goes on to the next member when this one is found sick, or lets the time pass. */
  #watchOver(member: Member): () => void {
    if (this.once || this.members.all.length === 1) return () => {};
    let moved = false;
    const move = () => {
      if (moved) return;
      moved = true;
      this.#next();
    };
    const wellBefore = member.well;
    const forget = wellBefore ? member.whenSick(move) : () => {};
    const cancelPatience = this.#after(this.#patienceMs, move);
    let cancelDoubt = () => {};
    const doubtAfter = (ms: number) => {
      cancelDoubt = this.#after(ms, () => {
        this.members.doubt(member);
        if (!moved) doubtAfter(2 * ms);
      });
    };
    doubtAfter(DOUBT_MS);
    const stop = () => {
      forget();
      cancelPatience();
      cancelDoubt();
      this.#cleanUp.delete(stop);
    };
    this.#cleanUp.add(stop);
    return stop;
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
