/**
 * The elector: carries out what the state machine of `machine.ts` decides. It holds the election key
 * under a lease, by its own rules rather than by the client library's idea of a lost lease (which
 * comes after twice the TTL), and publishes to the state store how long this node may call itself
 * master.
 *
 * Guarantees: `validUntil` is counted from clock readings taken *before* the grant or keep-alive was
 * sent, less the margin, so it ends before etcd can expire the lease; "nobody" is published before the
 * key is given up; no call to etcd waits past the end of the term. Trusts: that this machine's clocks
 * run at etcd's pace over one TTL, within the margin.
 *
 * @module
 */
import type { Config } from "../config_types.ts";
import { KvTimeoutError } from "../kv_deadline.ts";
import { describeError } from "../log.ts";
import type { JobContext } from "../master_context.ts";
import type { Election } from "../state_records.ts";
import type { ElectionStore } from "./election_store.ts";
import { electionValue, type ObservedKey, parseElectionValue } from "./key.ts";
import {
  advance,
  type Effect,
  type Event,
  type Leadership,
  type Reading,
  type Settings,
  START,
  type State,
} from "./machine.ts";

/** The part of the configuration that it uses. */
export type ElectorConfig = Pick<Config, "election" | "etcd">;

/** Hears of this node's terms, for the history. Neither call may throw or take long. */
export interface TermObserver {
  began(leadership: Leadership): void;
  /** Resolves when that is written, or cannot be. */
  ended(leadership: Leadership, reason: string): Promise<void>;
}

/** What the elector needs beside a job's context. */
export interface ElectorContext extends JobContext {
  readonly pid: number;
  /** Whether a process of this machine has that id. */
  pidAlive(pid: number): boolean;
  readonly observer?: TermObserver;
}

const RELEASE_MS = 1000;
/** Beside its deadline a call to etcd takes no longer than that to come back, ms. */
const SLACK_MS = 2000;
/** How often a refresh can be tried before the term ends. */
const ATTEMPTS = 3;
const MIN_CALL_MS = 300;
/** How often a waiting elector looks for an operator's request of which nobody told it, ms. */
const LISTEN_MS = 1000;
/** A request that is older was made while no manager ran, and is not carried out, ms. */
const REQUEST_MS = 30_000;

/** Stands for election and leads, until `signal` aborts; then releases the key and resolves. */
export async function runElector(
  config: ElectorConfig,
  elections: ElectionStore,
  context: ElectorContext,
  signal: AbortSignal,
): Promise<void> {
  await new Elector(config, elections, context, signal).run();
}

class Elector {
  readonly #value: string;
  readonly #settings: Settings;
  #said: string | null = null;
  /** What the last sign of life said. */
  #doing: { state: Election["state"]; problem: string | null } = {
    state: "starting",
    problem: null,
  };
  /** The last term that was logged and noted. */
  #announced = "";
  /** When this node last began to stand, monotonic ms. */
  #stoodAt = 0;
  /** Until then a role of this node may believe to lead, monotonic ms. */
  #publishedUntil = -Infinity;
  /** Aborted when the election key may have changed. */
  #woken = new AbortController();

  constructor(
    readonly config: ElectorConfig,
    readonly elections: ElectionStore,
    readonly context: ElectorContext,
    readonly signal: AbortSignal,
  ) {
    const { name, ttlSeconds, refreshSeconds, marginSeconds, respectUnleasedKey } = config.election;
    this.#value = electionValue(name, context.pid);
    this.#settings = {
      name,
      pid: context.pid,
      key: elections.key,
      ttlMs: ttlSeconds * 1000,
      refreshMs: refreshSeconds * 1000,
      marginMs: marginSeconds * 1000,
      respectUnleased: respectUnleasedKey,
    };
  }

  async run(): Promise<void> {
    await this.#publishNobody();
    const watch = this.elections.watch(() => this.#woken.abort());
    try {
      let { state, effect } = START;
      while (effect.do !== "finish") {
        const event: Event = await this.#carryOut(effect, state).catch((error) => ({
          type: "unreachable",
          problem: this.#unreachable(error),
        }));
        ({ state, effect } = advance(state, event, this.#read(), this.#settings));
        if (this.signal.aborted && state.name !== "stopping") {
          ({ state, effect } = advance(state, { type: "stop" }, this.#read(), this.#settings));
        }
      }
    } finally {
      watch.close();
      await this.#show({ state: "stopping", leader: null, term: null, problem: null });
    }
  }

  #read(): Reading {
    const { clock } = this.context;
    return { wall: clock.now(), monotonic: clock.monotonic(), uptime: clock.uptime() };
  }

  async #carryOut(effect: Exclude<Effect, { do: "finish" }>, state: State): Promise<Event> {
    switch (effect.do) {
      case "read":
        return await this.#observe();
      case "stand":
        return await this.#stand(effect.stale);
      case "publish":
        try {
          await this.#publish(effect.leadership, effect.validMs);
        } catch (error) {
          const problem = `mastership cannot be published (${describeError(error)})`;
          return { type: "unpublished", problem };
        }
        if (this.#announced !== effect.leadership.term) {
          this.#announced = effect.leadership.term;
          await this.#announce(effect.leadership);
        }
        return { type: "published" };
      case "refresh":
        return await this.#refresh(effect.leadership, effect.deadlineMs);
      case "end":
        await this.#end(effect.leadership, effect.reason);
        return { type: "released" };
      case "wait":
        if (effect.problem) this.#warnOnce(effect.problem);
        await this.#showState(state, effect.leader, effect.problem);
        return await this.#wait(effect.ms, state);
    }
  }

  async #observe(): Promise<Event> {
    this.#woken = new AbortController(); // before the read, so that no change is missed after it
    const key = await this.elections.get(this.#callMs());
    const holder = key && parseElectionValue(key.value);
    const ours = holder?.name === this.config.election.name;
    const own = ours ? await this.context.store.readOwnTerm() : null;
    return {
      type: "observed",
      key,
      pidAlive: !ours || this.context.pidAlive(holder.pid),
      predecessor: own !== null && own.value === key?.value && own.term === key.createRevision,
    };
  }

  /**
   * Tries to create the key. A stale value is deleted with the lease already in hand, so that this
   * node, which knows first, is most likely the first to stand.
   */
  async #stand(stale: { value: string; reason: string } | null): Promise<Event> {
    if (stale) this.context.log.warn("stale election key is deleted", stale);
    const sent = this.#read();
    const lease = await this.elections.grant(this.config.election.ttlSeconds, this.#callMs());
    const term = await this.#create(lease, stale?.value ?? null);
    if (term === null) {
      await this.elections.revoke(lease, this.#callMs()).catch(() => {});
      return { type: "outrun" };
    }
    this.#stoodAt = sent.monotonic;
    return { type: "elected", leadership: { lease, term, since: this.context.clock.now(), sent } };
  }

  /**
   * The new term, or null when another was first. After a stale value, the creation is sent right
   * behind the deletion, before any standby has heard of it; should it overtake, it is sent again.
   */
  async #create(lease: string, stale: string | null): Promise<string | null> {
    if (stale === null) return await this.elections.create(this.#value, lease, this.#callMs());
    const [deleted, created] = await Promise.all([
      this.elections.deleteIf(stale, this.#callMs()),
      this.elections.create(this.#value, lease, this.#callMs()),
    ]);
    if (created !== null || !deleted) return created;
    return await this.elections.create(this.#value, lease, this.#callMs());
  }

  /** Extends the lease and rewrites the key. */
  async #refresh({ lease, term }: Leadership, deadlineMs: number): Promise<Event> {
    const sent = this.#read();
    const endsAt = sent.monotonic + deadlineMs;
    const leftMs = () => Math.min(this.#callMs(), endsAt - this.context.clock.monotonic());
    if (!await this.elections.keepAlive(lease, leftMs())) return { type: "refused" };
    const done = await this.elections.refresh(this.#value, lease, term, leftMs());
    return done ? { type: "refreshed", sent } : { type: "refused" };
  }

  async #publish({ term, since, sent }: Leadership, validMs: number): Promise<void> {
    this.#said = null;
    const before = this.#publishedUntil;
    this.#publishedUntil = sent.monotonic + validMs; // also when the write is given up: it may still land
    try {
      await this.context.store.writeMastership({
        heartbeat: sent.wall,
        validUntil: sent.wall + validMs,
        uptime: sent.uptime,
        term,
        id: this.#value,
        since,
      });
    } catch (error) {
      if (!(error instanceof KvTimeoutError)) this.#publishedUntil = before; // it was rolled back
      throw error;
    }
  }

  /** Whether nobody of this node believes to lead any more, for all that the store can say. */
  async #publishNobody(): Promise<boolean> {
    try {
      await this.context.store.writeMastership(null);
      return true;
    } catch (error) {
      this.context.log.warn("it cannot be published that this node does not lead", { error });
      return this.context.clock.monotonic() >= this.#publishedUntil;
    }
  }

  /** What can wait until the term is published. */
  async #announce(leadership: Leadership): Promise<void> {
    const { store, log, observer, meter, clock } = this.context;
    const { term } = leadership;
    meter?.add("terms_started", 1, {});
    meter?.add("election_duration_seconds", (clock.monotonic() - this.#stoodAt) / 1000, {});
    log.info("elected", { term, id: this.#value });
    observer?.began(leadership);
    await store.writeOwnTerm({ term, value: this.#value }).catch((error) => {
      log.warn("the own term cannot be noted", { error });
    });
    await this.#event("info", `elected, term ${term}`);
  }

  /**
   * Publishes nobody, then gives the key up; what cannot be done in a second is left to the lease. So is
   * the key while this node's roles may believe to lead; at a stop they have stopped before.
   */
  async #end(leadership: Leadership, reason: string): Promise<void> {
    const { log, observer } = this.context;
    const nobody = await this.#publishNobody() || this.signal.aborted;
    const noted = observer?.ended(leadership, reason);
    if (nobody) await this.#release(leadership);
    await noted;
    const level = this.signal.aborted ? "info" : "warn";
    log[level]("term ended", { term: leadership.term, reason });
    await this.#event(level, `term ${leadership.term} ended: ${reason}`);
  }

  async #release(leadership: Leadership): Promise<void> {
    try {
      await this.elections.deleteIf(this.#value, RELEASE_MS);
      await this.elections.revoke(leadership.lease, RELEASE_MS);
    } catch (error) {
      this.context.log.warn("the election key could not be released; its lease will end", {
        error,
      });
    }
  }

  /** Waits for time, a change of the key, an operator's request or the end. */
  async #wait(ms: number, state: State): Promise<Event> {
    const { clock, store } = this.context;
    const endsAt = clock.monotonic() + ms;
    // A leader hears of its own refreshes; it does not look at the key for them.
    const wakes = state.name === "leader"
      ? this.signal
      : AbortSignal.any([this.signal, this.#woken.signal]);
    while (!wakes.aborted) {
      this.#alive();
      const seen = store.changes.count;
      const request = await this.#request(state);
      if (request) return request;
      const leftMs = endsAt - clock.monotonic();
      if (leftMs <= 0) break;
      await store.changes.after(seen, Math.min(leftMs, LISTEN_MS), clock, wakes);
    }
    return { type: "woken" };
  }

  /** An operator's wish that this node steps down, answered at once. */
  async #request(state: State): Promise<Event | null> {
    const { store, clock, log } = this.context;
    const request = await store.readStepDown();
    if (!request || request.outcome !== null) return null;
    if (Math.abs(clock.now() - request.at) > REQUEST_MS) return null;
    const leads = state.name === "leader";
    const outcome = leads ? "stepped down" : "not leading";
    await store.writeStepDown({ ...request, outcome, handledAt: clock.now() }).catch((error) => {
      log.warn("a request to step down cannot be answered", { error });
    });
    if (!leads) return null;
    log.warn("steps down", { by: request.by, pauseSeconds: request.pauseSeconds });
    return { type: "step-down", by: request.by, pauseMs: request.pauseSeconds * 1000 };
  }

  /**
   * The deadline of the next call, until which the loop counts as alive. Short enough that a call to a
   * member that does not answer can be made again within the term.
   */
  #callMs(): number {
    const { ttlMs, marginMs, refreshMs } = this.#settings;
    const spareMs = ttlMs - marginMs - refreshMs;
    const ms = Math.min(this.config.etcd.callTimeoutMs, Math.max(MIN_CALL_MS, spareMs / ATTEMPTS));
    this.#alive(ms + SLACK_MS);
    return ms;
  }

  #alive(withinMs?: number): void {
    this.context.alive(this.#doing.state, this.#doing.problem, withinMs);
  }

  #unreachable(error: unknown): string {
    return `etcd at ${this.elections.description} does not answer (${describeError(error)}): ` +
      "check that it runs, its address (--etcd) and, with https, the certificates";
  }

  #warnOnce(problem: string): void {
    if (problem !== this.#said) this.context.log.warn(problem);
    this.#said = problem;
  }

  #showState(state: State, key: ObservedKey | null, problem: string | null): Promise<void> {
    if (state.name === "leader") {
      const { term } = state.leadership;
      return this.#show({ state: "leader", leader: this.#value, term, problem });
    }
    const leader = key?.value ?? null;
    return this.#show({ state: state.name, leader, term: key?.createRevision ?? null, problem });
  }

  /** Shows the state on the page and says that the loop lives. */
  async #show(election: Omit<Election, "at">): Promise<void> {
    if (!election.problem) this.#said = null;
    this.#doing = election;
    this.#alive();
    const record = { ...election, at: this.context.clock.now() };
    await this.context.store.writeElection(record).catch(() => {}); // the page shows no more of it
  }

  async #event(level: "info" | "warn", message: string): Promise<void> {
    const event = { at: this.context.clock.now(), level, message };
    await this.context.store.addEvent("manager", event).catch(() => {}); // the log has it
  }
}
