/** Who leads, in the log of a node that stands by: a line for each change. @module */
import type { Log } from "../base/log.ts";
import type { Election } from "../state/records.ts";

/** What a standby has said last. */
export class LeaderLog {
  /** Leader and term; null: nothing since this node led. */
  #said: string | null = null;

  constructor(readonly log: Pick<Log, "info">) {}

  /** Takes what the elector shows; says nothing of what etcd does not tell for certain. */
  see({ state, leader, term, problem }: Omit<Election, "at">): void {
    if (state === "leader") this.#said = null; // the elector says that itself
    if (state !== "follower" || problem !== null) return;
    const now = leader === null ? "nobody" : `${leader} ${term}`;
    if (now === this.#said) return;
    this.#said = now;
    if (leader === null) this.log.info("this node stands by, and nobody leads");
    else this.log.info("this node stands by, another leads", { leader, term });
  }
}
