/**
 * The elector: holds the election key under a lease, by its own rules rather than by the client
 * library's idea of a lost lease (which comes after twice the TTL), and publishes to the state store
 * how long this node may call itself master.
 *
 * Guarantees: `validUntil` is counted from a clock reading taken *before* the grant or keep-alive was
 * sent, less the margin, so it ends before etcd can expire the lease; "nobody" is published before the
 * key is given up. Trusts: that this machine's clock runs at etcd's pace over one TTL, within the
 * margin. A clock that steps is noticed by comparing it with the monotonic one; a step ends the term.
 *
 * @module
 */
import type { Config } from "../config_types.ts";
import { describeError } from "../log.ts";
import type { JobContext } from "../master_context.ts";
import type { Election } from "../state_store.ts";
import { electionValue, nextStep, type ObservedKey } from "./election.ts";
import type { ElectionStore } from "./election_store.ts";

/** What the elector needs beside a job's context. */
export interface ElectorContext extends JobContext {
  readonly pid: number;
  pidAlive(pid: number): Promise<boolean>;
  /** A clock that never steps, ms from any origin. @default performance.now */
  monotonic?(): number;
}

interface Leadership {
  readonly lease: string;
  readonly term: string;
  readonly since: number;
  /** Wall and monotonic reading from before the last successful grant or keep-alive was sent. */
  readonly sentAt: number;
  readonly sentMonotonic: number;
}

const TURN_MS = 1000;
const RETRY_MS = 500;
const MAX_BACKOFF_MS = 2000;
const RELEASE_MS = 1000;
/** A wall clock that moved this much against the monotonic one has been stepped. */
const CLOCK_STEP_MS = 1000;

/** Stands for election and leads, until `signal` aborts; then releases the key and resolves. */
export async function runElector(
  config: Config,
  elections: ElectionStore,
  context: ElectorContext,
  signal: AbortSignal,
): Promise<void> {
  await new Elector(config, elections, context, signal).run();
}

class Elector {
  readonly #value: string;
  readonly #monotonic: () => number;
  #unchangedSince = { modRevision: "", at: 0 };
  #failures = 0;
  #said: string | null = null;

  constructor(
    readonly config: Config,
    readonly elections: ElectionStore,
    readonly context: ElectorContext,
    readonly signal: AbortSignal,
  ) {
    this.#value = electionValue(config.election.name, context.pid);
    this.#monotonic = context.monotonic?.bind(context) ?? (() => performance.now());
  }

  async run(): Promise<void> {
    await this.context.store.writeMastership(null);
    let wake = () => {};
    const watch = this.elections.watch(() => wake());
    try {
      while (!this.signal.aborted) {
        const woken = new AbortController();
        wake = () => woken.abort();
        const pauseMs = await this.#turn();
        const either = AbortSignal.any([this.signal, woken.signal]);
        await this.context.clock.sleep(pauseMs, either).catch(() => {});
      }
    } finally {
      watch.close();
      await this.#show({ state: "stopping", leader: null, term: null, problem: null });
    }
  }

  /** One look at the key as follower, and the whole term when that makes this node leader. */
  async #turn(): Promise<number> {
    try {
      const observed = await this.elections.get(this.#callMs());
      this.#failures = 0;
      const step = await this.#decide(observed);
      switch (step.do) {
        case "stand": {
          const leadership = await this.#stand();
          if (leadership) await this.#lead(leadership);
          return 0;
        }
        case "delete": {
          this.context.log.warn("stale election key is deleted", {
            value: observed!.value,
            reason: step.reason,
          });
          const leadership = await this.#stand(observed!.value);
          if (leadership) await this.#lead(leadership);
          return 0;
        }
        case "wait": {
          if (step.problem) this.#warnOnce(step.problem);
          await this.#show({
            state: "follower",
            leader: observed!.value,
            term: observed!.createRevision,
            problem: step.problem,
          });
          return TURN_MS;
        }
      }
    } catch (error) {
      if (this.signal.aborted) return 0;
      const problem = this.#unreachable(error);
      this.#warnOnce(problem);
      await this.#show({ state: "follower", leader: null, term: null, problem });
      return Math.min(MAX_BACKOFF_MS, 100 * 2 ** this.#failures++);
    }
  }

  async #decide(observed: ObservedKey | null) {
    const now = this.#monotonic();
    if (observed?.modRevision !== this.#unchangedSince.modRevision) {
      this.#unchangedSince = { modRevision: observed?.modRevision ?? "", at: now };
    }
    const pid = Number(/:(\d+)$/.exec(observed?.value ?? "")?.[1] ?? -1);
    const alive = pid < 0 || await this.context.pidAlive(pid);
    return nextStep({
      observed,
      name: this.config.election.name,
      pid: this.context.pid,
      pidAlive: () => alive,
      unchangedMs: now - this.#unchangedSince.at,
      ttlSeconds: this.config.election.ttlSeconds,
      key: this.elections.key,
    });
  }

  /**
   * Tries to create the key; null when another was first. A stale value is deleted with the lease
   * already in hand, so that this node, which knows first, also is the first to stand.
   */
  async #stand(stale: string | null = null): Promise<Leadership | null> {
    const sentAt = this.context.clock.now();
    const sentMonotonic = this.#monotonic();
    const lease = await this.elections.grant(this.config.election.ttlSeconds, this.#callMs());
    if (stale !== null) await this.elections.deleteIf(stale, this.#callMs());
    const term = await this.elections.create(this.#value, lease, this.#callMs());
    if (term === null) {
      await this.elections.revoke(lease, this.#callMs()).catch(() => {});
      return null;
    }
    return { lease, term, since: this.context.clock.now(), sentAt, sentMonotonic };
  }

  /** One term, from the first publication to its end. */
  async #lead(first: Leadership): Promise<void> {
    const { log } = this.context;
    log.info("elected", { term: first.term, id: this.#value });
    await this.#event("info", `elected, term ${first.term}`);
    let end = "stopped in order";
    try {
      end = await this.#holdTerm(first);
    } finally {
      await this.context.store.writeMastership(null);
      await this.#release(first);
    }
    const level = this.signal.aborted ? "info" : "warn";
    log[level]("term ended", { term: first.term, reason: end });
    await this.#event(level, `term ${first.term} ended: ${end}`);
  }

  /** Publishes and refreshes until the term ends; tells why. */
  async #holdTerm(first: Leadership): Promise<string> {
    const { clock } = this.context;
    const { refreshSeconds } = this.config.election;
    let leadership = first;
    let problem: string | null = null;
    await this.#publish(leadership);
    let nextRefresh = this.#monotonic() + refreshSeconds * 1000;
    while (!this.signal.aborted) {
      const over = this.#whyOver(leadership);
      if (over) return problem ? `${over}; ${problem}` : over;
      await this.#show({ state: "leader", leader: this.#value, term: first.term, problem });
      const waitMs = Math.min(TURN_MS, nextRefresh - this.#monotonic(), this.#leftMs(leadership));
      if (waitMs > 0) {
        await clock.sleep(waitMs, this.signal).catch(() => {});
        continue;
      }
      const refreshed = await this.#refresh(leadership).catch((error) => {
        problem = this.#unreachable(error);
        this.#warnOnce(problem);
        return leadership;
      });
      if (refreshed === null) return "the election key is another's";
      if (refreshed === leadership) {
        nextRefresh = this.#monotonic() + RETRY_MS;
        continue;
      }
      problem = null;
      this.#said = null;
      leadership = refreshed;
      nextRefresh = leadership.sentMonotonic + refreshSeconds * 1000;
      if (this.#whyOver(leadership) === null) await this.#publish(leadership);
    }
    return "stopped in order";
  }

  /** Extends the lease and rewrites the key; null when the key or the lease is lost. */
  async #refresh(leadership: Leadership): Promise<Leadership | null> {
    const sentAt = this.context.clock.now();
    const sentMonotonic = this.#monotonic();
    const { lease, term } = leadership;
    const deadlineMs = () => Math.min(this.#callMs(), this.#leftMs(leadership));
    if (!await this.elections.keepAlive(lease, deadlineMs())) return null;
    if (!await this.elections.refresh(this.#value, lease, term, deadlineMs())) return null;
    return { ...leadership, sentAt, sentMonotonic };
  }

  /** How long the term is still valid by the monotonic clock, ms. */
  #leftMs({ sentMonotonic }: Leadership): number {
    const { ttlSeconds, marginSeconds } = this.config.election;
    return sentMonotonic + (ttlSeconds - marginSeconds) * 1000 - this.#monotonic();
  }

  #whyOver(leadership: Leadership): string | null {
    if (this.#leftMs(leadership) <= 0) return "not refreshed before the end of the lease";
    const wallMs = this.context.clock.now() - leadership.sentAt;
    const stepMs = wallMs - (this.#monotonic() - leadership.sentMonotonic);
    if (Math.abs(stepMs) > CLOCK_STEP_MS) {
      return `the clock was stepped by ${Math.round(stepMs)} ms`;
    }
    return null;
  }

  async #publish(leadership: Leadership): Promise<void> {
    const { ttlSeconds, marginSeconds } = this.config.election;
    await this.context.store.writeMastership({
      heartbeat: leadership.sentAt,
      validUntil: leadership.sentAt + (ttlSeconds - marginSeconds) * 1000,
      term: leadership.term,
      id: this.#value,
      since: leadership.since,
    });
  }

  /** Gives the key up; what cannot be done within a second is left to the lease. */
  async #release({ lease }: Leadership): Promise<void> {
    try {
      await this.elections.deleteIf(this.#value, RELEASE_MS);
      await this.elections.revoke(lease, RELEASE_MS);
    } catch (error) {
      this.context.log.warn("the election key could not be released; its lease will end", {
        error,
      });
    }
  }

  #callMs(): number {
    const { ttlSeconds, marginSeconds } = this.config.election;
    return Math.min(this.config.etcd.callTimeoutMs, (ttlSeconds - marginSeconds) * 1000);
  }

  #unreachable(error: unknown): string {
    return `etcd at ${this.elections.description} does not answer (${describeError(error)}): ` +
      "check that it runs, its address (--etcd) and, with https, the certificates";
  }

  #warnOnce(problem: string): void {
    if (problem !== this.#said) this.context.log.warn(problem);
    this.#said = problem;
  }

  /** Shows the state on the page and says that the loop lives. */
  async #show(election: Omit<Election, "at">): Promise<void> {
    if (!election.problem) this.#said = null;
    this.context.alive(election.state, election.problem);
    await this.context.store.writeElection({ ...election, at: this.context.clock.now() });
  }

  async #event(level: "info" | "warn", message: string): Promise<void> {
    await this.context.store.addEvent("manager", {
      at: this.context.clock.now(),
      level,
      message,
    });
  }
}
