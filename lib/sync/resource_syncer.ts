/**
 * The resource syncer's loop while this node is master: a full resync at the start of the term, what an
 * operator asks for and, beside all that, what Neutron announces. As long as Neutron's notifications are
 * heard, all is compared round and round, slice by slice; else periodically, with incremental runs in
 * between. What failed is said once, clearly, and tried again with growing delay.
 *
 * With `startup_resync` "never" it only watches at first: it compares and writes nothing, whatever Neutron
 * announces, until an operator has asked for a full resync in this term and that has succeeded.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { joinLoops } from "../base/join_loops.ts";
import type { Config } from "../config/config_types.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { KeystoneAuth } from "../openstack/keystone.ts";
import { SeenPortsWriter } from "../status/seen_ports.ts";
import { Attempts, type Extent } from "./attempts.ts";
import { lookAtAll } from "./look.ts";
import { EndpointHosts } from "./endpoint_hosts.ts";
import { type ResyncBase, resyncBase } from "./sources/base.ts";
import { eventsFirst } from "./sources/early.ts";
import { EventSync } from "./sources/events.ts";
import { listen } from "./sources/listen.ts";
import { Comparing } from "./comparing.ts";
import { CloudIndex } from "./index/cloud_index.ts";
import { answerRequest, carryOut, type FullOptions } from "./sources/on_demand.ts";
import type { ResyncResult } from "./apply/sync_run.ts";
import { recorded, StepBeats } from "./report/record.ts";
import { account } from "./report/partial.ts";
import { SaidOnce } from "./report/said_once.ts";
import { fullResync } from "./sources/full.ts";
import { RoundRuns } from "./rounds/round_runs.ts";
import { Rounds } from "./rounds/rounds.ts";
import { IncrementalRuns } from "./incremental_runs.ts";
import { RunSetup } from "./run_setup.ts";
import { Schedule } from "./schedule.ts";
import { patienceOf } from "./patience_of.ts";
import { Watching } from "./watching.ts";

/** How often a waiting syncer says that it lives, and looks for a request of which nobody told it, ms. */
const TURN_MS = 1000;

/** The part of the configuration that it uses. */
export type SyncerConfig = Pick<
  Config,
  "region" | "stateDir" | "etcd" | "openstack" | "sync" | "notifications"
>;

/** Runs until the term ends. @throws {FenceLostError} another node leads. */
export async function runResourceSyncer(
  term: Term,
  config: SyncerConfig,
  etcd: Etcd3,
  context: JobContext,
): Promise<void> {
  const beats = new StepBeats(context.alive, config);
  await using seenPorts = new SeenPortsWriter(term, config.stateDir, context);
  const { onPorts, onPortsEnd } = seenPorts;
  using keystone = new KeystoneAuth(config.openstack, context.clock, () => beats.step());
  const stop = new AbortController();
  const own = { ...term, signal: AbortSignal.any([term.signal, stop.signal]) };
  const shared = resyncBase(config, etcd, keystone, context.clock, context);
  const base = { ...shared, onPorts, onPortsEnd };
  const syncer = new ResourceSyncer(own, config, base, beats, context);
  try {
    await joinLoops([syncer.run(), syncer.listen(), syncer.comparing.tell(own.signal)], stop);
  } finally {
    await context.store.resyncHistory.hours.flush();
  }
}

class ResourceSyncer {
  readonly #base: ResyncBase;
  readonly #watching: Watching;
  /** null: nobody listens to Neutron's notifications. */
  readonly #events: EventSync | null = null;
  /** Of the last full resync that succeeded; null: there is none to build on. */
  #index: CloudIndex | null = null;
  readonly #attempts: Attempts;
  readonly #schedule: Schedule;
  readonly #rounds: Rounds;
  readonly #roundRuns: RoundRuns;
  readonly comparing: Comparing;
  readonly #hosts: EndpointHosts;
  readonly #setup: RunSetup;
  readonly #incrementals: IncrementalRuns;
  readonly #lacks: SaidOnce;

  constructor(
    readonly term: Term,
    readonly config: SyncerConfig,
    base: ResyncBase,
    readonly beats: StepBeats,
    readonly context: JobContext,
  ) {
    this.#base = base;
    this.#watching = new Watching(config.sync.startupResync, term, context);
    this.#attempts = new Attempts(term, config.sync, context);
    this.#schedule = new Schedule(config.sync, context.clock.monotonic());
    this.#rounds = new Rounds(config.sync, context.clock, this.#base.neutron);
    this.#roundRuns = new RoundRuns(this.#rounds, context, term);
    this.#setup = new RunSetup({
      config,
      context,
      base: this.#base,
      beats,
      attempts: this.#attempts,
      schedule: this.#schedule,
      rounds: this.#rounds,
    });
    this.#incrementals = new IncrementalRuns(this.#setup, term, context, this.#roundRuns.notePart);
    this.#hosts = new EndpointHosts(term, config, context);
    this.#lacks = new SaidOnce(context);
    if (config.notifications !== null) this.#events = this.#makeEvents();
    this.comparing = new Comparing({
      schedule: this.#schedule,
      rounds: this.#rounds,
      events: this.#events,
      context,
      isReady: () => this.#index !== null && !this.#watching.on,
      planComparison: () => this.#planIncremental(),
    });
  }

  #makeEvents(): EventSync {
    const { term, context } = this;
    return new EventSync({
      base: this.#base,
      term,
      context,
      stateDir: this.config.stateDir,
      index: () => this.#index,
      compare: (why) => this.#compare(why),
      onHearing: () => context.store.changes.wake(),
      held: (result) => {
        this.#roundRuns.notePart(result);
        const noted = { ...this.#setup.noted("announced"), startedAt: context.clock.now() };
        return account(context, term, noted, () => Promise.resolve(result));
      },
    });
  }

  /** What Neutron announces, until the term ends. */
  async listen(): Promise<void> {
    const { config, term, context } = this;
    if (!this.#events || !config.notifications) return;
    await this.#watching.over();
    if (term.signal.aborted) return;
    await listen(config.notifications, config.region, this.#events, term, context);
  }

  /** Something may have been missed: a comparison is due, after a failure when its turn comes. */
  #compare(why: string): void {
    this.context.log.debug("a comparison is due", { why });
    this.#schedule.askCompare();
    if (!this.#index || this.#attempts.failing) return;
    this.#planIncremental();
    this.context.store.changes.wake(); // the loop waits for what was due before
  }

  async run(): Promise<void> {
    const { clock, store } = this.context;
    const schedule = this.#schedule;
    await this.#watching.begin();
    while (!this.term.signal.aborted) {
      const seen = store.changes.count;
      this.#attempts.monitor();
      if (await this.#takeRequest()) continue;
      const { on, doing } = this.#watching;
      const now = clock.monotonic();
      const sliceAt = await this.comparing.decide();
      const due = schedule.due(now, sliceAt);
      if (due === "full") {
        const resync = () => on ? this.#look() : this.#full();
        await this.#attempts.try(resync, (at) => schedule.retryFull(at));
      } else if (due === "incremental") {
        await this.#attempts.try(() => this.#incremental(), (at) => schedule.retryIncremental(at));
      } else if (due === "slice") {
        await this.#attempts.try(() => this.#slice(), (at) => this.#rounds.retryAt(at));
      } else {
        this.context.alive(on ? doing : "in sync, waiting", this.#attempts.problem);
        const waitMs = Math.min(TURN_MS, schedule.waitMs(now, sliceAt));
        await store.changes.after(seen, waitMs, clock, this.term.signal);
      }
    }
  }

  /** The next slice of a round. */
  async #slice(): Promise<Extent> {
    const noted = this.#setup.noted("incremental");
    const { changes, whole, ended } = await this.#roundRuns.slice(this.#setup.deps(noted), noted);
    // What others have written to etcd was never announced.
    if (!whole) this.#events?.foundSilently(changes);
    if (!ended) return "part";
    await this.#hosts.publish(this.#index!);
    if (ended.needsFull) this.#schedule.askFull(this.context.clock.monotonic());
    return "all";
  }

  async #askExtensions(): Promise<void> {
    await this.#lacks.say((await this.#base.neutron.askExtensions(this.term.signal)).missing);
  }

  /** Compares and writes nothing. */
  async #look(): Promise<void> {
    this.#watching.found = await lookAtAll({
      term: this.term,
      context: this.context,
      setup: this.#setup,
      beats: this.beats,
      doing: this.#watching.doing,
      begin: () => this.#askExtensions(),
      seen: (index) => this.#hosts.publish(index, true),
    });
    this.#schedule.planFull(this.context.clock.monotonic());
  }

  async #full(asked?: FullOptions): Promise<ResyncResult> {
    // What an operator asks for, and the first of a term, takes nothing for granted.
    const reason = asked ? "requested" : this.#schedule.reason;
    const previous = reason === "periodic" ? this.#index ?? undefined : undefined;
    const noted = this.#setup.noted(reason, asked?.differences);
    this.#schedule.comparing();
    this.#events?.beginFull();
    const made: CloudIndex[] = [];
    let index: CloudIndex | null = null;
    let result: ResyncResult;
    try {
      ({ index, ...result } = await recorded(this.context, this.term, noted, async (tell) => {
        const deps = this.#setup.deps(noted, tell, asked?.tell);
        if (!previous) await this.#askExtensions();
        const beside = this.#index ?? this.#events?.early ?? undefined;
        const patience = patienceOf(reason, this.context, this.beats, this.#attempts);
        const events = this.#watching.on ? null : this.#events; // nobody listens before it is over
        const ready = eventsFirst(events, this.context, this.term);
        const keysAfter = this.#base.neutron.gate.keepPlaceUntil(ready);
        const how = { ...asked, previous, beside, keysAfter, patience };
        const full = await this.#setup.measured(() => fullResync(deps, this.term, how));
        made.push(full.index);
        return full;
      }));
    } finally {
      const before = this.#index;
      this.#index = index ?? before;
      this.#events?.endFull(before, index);
      await this.#events?.handled(); // with an index of before
      (index ? before : made[0])?.close();
    }
    this.#rounds.begin(index!);
    this.#roundRuns.noteFull(result);
    await this.#hosts.publish(index!, true);
    const { trouble } = this.#base.keystone.projects;
    if (trouble !== null) await this.#lacks.say([trouble]);
    this.#schedule.reason = "periodic";
    this.#schedule.compared();
    this.#schedule.planFull(this.context.clock.monotonic());
    this.#planIncremental();
    return result;
  }

  async #incremental(): Promise<void> {
    const index = this.#index!;
    this.#schedule.comparing();
    const changes = await this.#incrementals.run(index);
    await this.#hosts.publish(index);
    this.#events?.foundSilently(changes);
    this.#schedule.compared();
    this.#planIncremental();
  }

  #planIncremental(): void {
    const counted = this.#base.neutron.extensions.has("standard-attr-revisions");
    this.#schedule.planIncremental(this.context.clock.monotonic(), counted);
  }

  /** Does what an operator asks for; false: nobody asks. */
  async #takeRequest(): Promise<boolean> {
    const { context, term, config: { stateDir, region } } = this;
    const request = await context.store.readResyncRequest();
    if (!request) return false;
    const how = {
      ...context,
      stateDir,
      term,
      base: this.#base,
      beats: this.beats,
      index: this.#index ?? new CloudIndex(region),
      full: async (options: FullOptions) => {
        const result = await this.#full(options);
        this.#attempts.succeeded();
        await this.#watching.end();
        return result;
      },
    };
    await answerRequest(request, how, (tell) => carryOut(request, how, tell));
    return true;
  }
}
