/** What an elector says of itself: on the page, in the log, in the node's events, to its supervisor. @module */
import { describeError } from "../base/log.ts";
import { Outage } from "../base/outage.ts";
import { etcdOutage } from "../etcd/outage.ts";
import { LeaderLog } from "./leader_log.ts";
import type { TermEnd } from "./reasons.ts";
import type { JobContext } from "../role/master_context.ts";
import type { Election } from "../state/records.ts";

/**
 * Without etcd for less than that, a node that does not lead need not be looked after, ms: a call was lost, or
 * both start together.
 */
const BRIEF_MS = 10_000;

/** Reports for one elector; nothing that it cannot write ends the election. */
export class ElectionReport {
  /** What is wrong with the election key itself. */
  readonly #keyTrouble: Outage;
  readonly #leaderLog: LeaderLog;
  /** What the last heartbeat said. */
  #doing: Pick<Election, "state" | "problem"> = { state: "starting", problem: null };

  /** Since when etcd does not answer, monotonic ms; null: it does. */
  #awaySince: number | null = null;

  /** Why the election key's changes are not seen as they happen; null: they are. */
  #watchTrouble: unknown = null;

  /** @param outage of etcd, for all of this process */
  constructor(readonly context: JobContext, readonly outage: Outage = etcdOutage(context)) {
    this.#leaderLog = new LeaderLog(context.log);
    this.#keyTrouble = new Outage("the election key is as it should be again", context);
  }

  /** Says that the elector's loop lives. @param withinMs as of `JobContext.alive` */
  alive(withinMs?: number): void {
    this.context.alive(this.#doing.state, this.#doing.problem, withinMs);
  }

  /**
   * Shows the state on the page and says that the loop lives; the log gets each problem as an outage.
   *
   * @param cause why etcd does not answer; null: it does
   */
  async show(shown: Omit<Election, "at">, cause: string | null = null): Promise<void> {
    const { clock, store } = this.context;
    const election = { ...shown, problem: shown.problem ?? this.#blindness() };
    this.#log(election, cause);
    this.#leaderLog.see(election);
    this.#doing = election;
    this.alive();
    await store.writeElection({ ...election, at: clock.now() }).catch(() => {}); // the page shows no more of it
  }

  /**
   * A term is over. When that is for want of etcd it takes a while until the key is asked for in vain, but nobody is
   * seen to lead from now on.
   *
   * @param cause as of {@linkcode show}
   */
  async ended(end: TermEnd, cause: string | null): Promise<void> {
    const problem = end.why === "expired" || end.why === "clock-stepped" ? end.problem : null;
    if (problem === null) return;
    await this.show({ state: "follower", leader: null, term: null, problem }, cause);
  }

  #log({ state, problem }: Omit<Election, "at">, cause: string | null): void {
    if (state === "stopping") return; // that says nothing of etcd
    const now = this.context.clock.monotonic();
    this.#awaySince = cause === null ? null : this.#awaySince ?? now;
    if (problem !== null && cause !== null) {
      const isBrief = now - (this.#awaySince ?? now) < BRIEF_MS;
      const level = state === "leader" || isBrief ? "warn" : "error"; // who does not lead cannot, and sees no leader
      this.outage.failed("election", { message: problem, cause, level });
    } else if (problem !== null) {
      this.outage.succeeded("election");
      this.#keyTrouble.failed("election", { message: problem });
    } else {
      this.outage.succeeded("election");
      this.#keyTrouble.succeeded("election");
    }
  }

  /** Takes what the watch of the election key says of itself. */
  readonly onWatchTrouble = (error: unknown) => {
    this.#watchTrouble = error;
  };

  #blindness(): string | null {
    if (this.#watchTrouble === null) return null;
    return `a change of leader is noticed late: ${describeError(this.#watchTrouble, false)}`;
  }

  /** Notes an event for the page. */
  async event(level: "info" | "warn", message: string): Promise<void> {
    const { store, clock } = this.context;
    await store.addEvent("manager", { at: clock.now(), level, message }).catch(() => {}); // the log has it
  }
}
