/** What an elector says of itself: on the page, in the log, in the node's events, to its supervisor. @module */
import { describeError } from "../base/log.ts";
import type { JobContext } from "../role/master_context.ts";
import type { Election } from "../state/records.ts";

/** Reports for one elector; nothing that it cannot write ends the election. */
export class ElectionReport {
  /** The problem that the log has. */
  #said: string | null = null;
  /** What the last heartbeat said. */
  #doing: Pick<Election, "state" | "problem"> = { state: "starting", problem: null };

  /** Why the election key's changes are not seen as they happen; null: they are. */
  watchTrouble: unknown = null;

  constructor(readonly context: JobContext) {}

  /** Says that the elector's loop lives. @param withinMs as of `JobContext.alive` */
  alive(withinMs?: number): void {
    this.context.alive(this.#doing.state, this.#doing.problem, withinMs);
  }

  /** Shows the state on the page and says that the loop lives; the log gets each new problem once. */
  async show(shown: Omit<Election, "at">): Promise<void> {
    const election = { ...shown, problem: shown.problem ?? this.#blindness() };
    const { log, clock, store } = this.context;
    const { problem } = election;
    if (problem !== null && problem !== this.#said) log.warn(problem);
    this.#said = problem;
    this.#doing = election;
    this.alive();
    await store.writeElection({ ...election, at: clock.now() }).catch(() => {}); // the page shows no more of it
  }

  #blindness(): string | null {
    if (this.watchTrouble === null) return null;
    return `a change of leader is noticed late: ${describeError(this.watchTrouble, false)}`;
  }

  /** Notes an event for the page. */
  async event(level: "info" | "warn", message: string): Promise<void> {
    const { store, clock } = this.context;
    await store.addEvent("manager", { at: clock.now(), level, message }).catch(() => {}); // the log has it
  }
}
