/**
 * The elector: carries out what the state machine of `machine.ts` decides. It holds the election key
 * under a lease, by its own rules rather than by the client library's idea of a lost lease (which
 * comes after twice the TTL), and publishes to the state store how long this node may call itself
 * master.
 *
 * Guarantees: `validUntil` is counted from clock readings taken *before* the grant or keep-alive was
 * sent, less the margin, so it ends before etcd can expire the lease; the key is given up only when
 * "nobody" is published, or what was published has run out; no call to etcd waits past the end of the
 * term; a call that comes to etcd late changes nothing of a later term. Trusts: that this machine's clocks
 * run at etcd's pace over one TTL, within the margin.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import type { Outage } from "../base/outage.ts";
import type { JobContext } from "../role/master_context.ts";
import { SupersededError } from "../state/mastership_claim.ts";
import type { ProcessPlace } from "../process/place.ts";
import { failureText } from "../etcd/call_errors.ts";
import { etcdCause } from "../etcd/outage.ts";
import { ElectionReport } from "./election_report.ts";
import type { ElectionStore } from "./election_store.ts";
import { electionValue, isOwnTerm, parseElectionValue } from "./key.ts";
import { KeyHolder, readClocks } from "./key_holder.ts";
import { advance, START } from "./machine.ts";
import { Publisher } from "./publisher.ts";
import { describeTermEnd, type TermEnd } from "./reasons.ts";
import type { Effect, Event, Leadership, Settings, State } from "./states.ts";

/** The part of the configuration that it uses. */
export type ElectorConfig = Pick<Config, "election" | "etcd">;

/** Hears of this node's terms, for the history. Neither call may throw or take long. */
export interface TermObserver {
  began(leadership: Leadership): void;
  /** Resolves when that is written, or cannot be. */
  ended(leadership: Leadership, end: TermEnd): Promise<void>;
}

/** What the elector needs beside a job's context. */
export interface ElectorContext extends JobContext {
  readonly pid: number;
  /** Where this process runs. */
  readonly place: ProcessPlace;
  readonly observer?: TermObserver;
  /** Of etcd, for all of this process. */
  readonly outage?: Outage;
}

/** Beside its deadline a call to etcd takes no longer than that to come back, ms. */
const SLACK_MS = 2000;
/** "Nobody" is published, or given up, within that, ms: a state file that hangs is asked three times. */
const STORE_MS = 20_000;
/** How often a refresh can be tried before the term ends. */
const ATTEMPTS = 3;
const MIN_CALL_MS = 300;
/** How often a waiting elector looks for an operator's request of which nobody told it, ms. */
const LISTEN_MS = 1000;
/** A request that is older was made while no manager ran, and is not carried out, ms. */
const REQUEST_MS = 30_000;

/**
 * Stands for election and leads, until `signal` aborts; then releases the key and resolves.
 *
 * @throws {SupersededError} another manager of this state directory has taken over.
 */
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
  readonly #publisher: Publisher;
  readonly #report: ElectionReport;
  readonly #holder: KeyHolder;
  /** The last term that was logged and noted. */
  #announced = "";
  /** When this node last began to stand, monotonic ms. */
  #stoodAt = 0;
  /** Why etcd did not answer when it last did not; null: it answered when it was last asked for the key. */
  #cause: string | null = null;
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
    this.#publisher = new Publisher(this.#value, context);
    this.#report = new ElectionReport(context, context.outage);
    const { clock, log } = context;
    const held = { value: this.#value, ttlSeconds, callMs: () => this.#callMs() };
    this.#holder = new KeyHolder(elections, { clock, log, ...held });
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
    const watch = this.elections.watch(() => this.#woken.abort(), this.#report.onWatchTrouble);
    let superseded = false;
    try {
      let toldToStop = false;
      let { state, effect } = START;
      const take = (event: Event) => {
        const at = readClocks(this.context.clock);
        ({ state, effect } = advance(state, event, at, this.#settings));
      };
      while (effect.do !== "finish") {
        const event = await this.#carryOut(effect, state).catch((error) => this.#failure(error));
        superseded ||= event.type === "superseded";
        take(event);
        if (this.signal.aborted && !toldToStop) {
          toldToStop = true;
          take({ type: "stop" });
        }
      }
    } finally {
      watch.close();
      if (!superseded) {
        await this.#report.show({ state: "stopping", leader: null, term: null, problem: null });
      }
    }
    if (superseded) throw new SupersededError();
  }

  async #carryOut(effect: Exclude<Effect, { do: "finish" }>, state: State): Promise<Event> {
    switch (effect.do) {
      case "read":
        return await this.#observe();
      case "stand":
        this.#stoodAt = this.context.clock.monotonic();
        await this.#publisher.isAlone();
        return await this.#holder.stand(effect.stale);
      case "clear":
        this.#report.alive(STORE_MS);
        return await this.#publisher.clear();
      case "publish":
        return await this.#publish(effect.leadership, effect.validMs);
      case "refresh":
        return await this.#holder.refresh(effect.leadership, effect.deadlineMs);
      case "end":
        await this.#end(effect.leadership, effect.end, effect.release);
        return { type: "ended" };
      case "wait":
        await this.#show(state, effect);
        return await this.#wait(effect.ms, state);
    }
  }

  async #observe(): Promise<Event> {
    this.#woken = new AbortController(); // before the read, so that no change is missed after it
    const { store, place } = this.context;
    const key = await this.elections.get(this.#callMs());
    this.#cause = null;
    if (key === null) return { type: "observed", key, granted: false, predecessor: false };
    const ours = parseElectionValue(key.value)?.name === this.config.election.name;
    const own = ours ? await store.readOwnTerm().catch(() => null) : null;
    // Asked after the record is read: then no earlier manager that stood still can publish its term again, and
    // the record is not a later manager's.
    const predecessor = isOwnTerm(own, key, place) && await this.#publisher.isAlone();
    return { type: "observed", key, granted: this.#holder.wasGranted(key.lease), predecessor };
  }

  async #publish(leadership: Leadership, validMs: number): Promise<Event> {
    const event = await this.#publisher.publish(leadership, validMs);
    if (event.type === "published" && this.#announced !== leadership.term) {
      this.#announced = leadership.term;
      await this.#announce(leadership);
    }
    return event;
  }

  /** What can wait until the term is published. */
  async #announce(leadership: Leadership): Promise<void> {
    const { store, log, observer, meter, clock, place } = this.context;
    const { term } = leadership;
    meter?.add("terms_started", 1, {});
    meter?.add("election_duration_seconds", (clock.monotonic() - this.#stoodAt) / 1000, {});
    log.info("elected", { term, id: this.#value });
    observer?.began(leadership);
    await store.writeOwnTerm({ term, value: this.#value, ...place }).catch((error) => {
      log.warn("the own term cannot be noted", { error });
    });
    await this.#report.event("info", `elected, term ${term}`);
  }

  /** Notes the end of a term; gives the key up, or leaves it to the lease. */
  async #end(leadership: Leadership, end: TermEnd, release: boolean): Promise<void> {
    const { log, observer } = this.context;
    await this.#report.ended(end, this.#cause);
    const noted = observer?.ended(leadership, end);
    if (release) await this.#holder.release(leadership);
    await noted;
    const { term } = leadership;
    const reason = describeTermEnd(end);
    const asked = this.signal.aborted || end.why === "step-down";
    const level = asked ? "info" : "warn";
    log[level]("term ended", { term, reason });
    if (!release) {
      log.warn("the election key is left to its lease: this node's roles may believe to lead", {
        term,
      });
    }
    await this.#report.event(level, `term ${term} ended: ${reason}`);
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
      this.#report.alive();
      const seen = store.changes.count;
      const request = await this.#request(state);
      if (request) return request;
      const leftMs = endsAt - clock.monotonic();
      if (leftMs <= 0) break;
      await store.changes.after(seen, Math.min(leftMs, LISTEN_MS), clock, wakes);
    }
    return { type: "woken" };
  }

  /** An operator's request that this node steps down, answered at once. */
  async #request(state: State): Promise<Event | null> {
    const { store, clock, log } = this.context;
    const request = await store.readStepDown().catch(() => null); // asked for again soon
    if (!request || request.outcome !== null) return null;
    if (Math.abs(clock.now() - request.at) > REQUEST_MS) return null;
    const leads = state.name === "leader";
    const outcome = leads ? "stepped down" : "not leading";
    await store.writeStepDown({ ...request, outcome, handledAt: clock.now() }).catch((error) => {
      log.warn("a request to step down cannot be answered", { error });
    });
    log.info("a step-down was asked for", {
      by: request.by,
      pauseSeconds: request.pauseSeconds,
      outcome,
    });
    if (!leads) return null;
    return { type: "step-down", by: request.by, pauseMs: request.pauseSeconds * 1000 };
  }

  /**
   * The deadline of the next call, ms; until then the loop counts as alive. Short enough that a call to a
   * member that does not answer can be made again within the term.
   */
  #callMs(): number {
    const { ttlMs, marginMs, refreshMs } = this.#settings;
    const spareMs = ttlMs - marginMs - refreshMs;
    const ms = Math.min(this.config.etcd.callTimeoutMs, Math.max(MIN_CALL_MS, spareMs / ATTEMPTS));
    this.#report.alive(ms + SLACK_MS);
    return ms;
  }

  #failure(error: unknown): Event {
    if (error instanceof SupersededError) {
      this.context.log.error(
        "another manager of this node has taken over, so this one ends: its supervisor is gone, or it " +
          "stood still for too long",
        { error },
      );
      return { type: "superseded" };
    }
    this.#cause = etcdCause(error);
    const problem = failureText(error, this.elections.description);
    return { type: "unreachable", problem };
  }

  #show(state: State, { leader: seen, problem }: Effect & { do: "wait" }): Promise<void> {
    const leads = state.name === "leader";
    const leader = leads ? this.#value : seen?.value ?? null;
    const term = leads ? state.leadership.term : seen?.createRevision ?? null;
    const shown = { state: leads ? "leader" : "follower", leader, term, problem } as const;
    // A problem that is not the machine's is of the watch, whatever etcd did not answer before.
    return this.#report.show(shown, problem === null ? null : this.#cause);
  }
}
