/**
 * The resource syncer's loop while this node is master: a full resync at the start of the term and
 * then periodically, incremental ones in between, what an operator asks for and, beside all that, what
 * Neutron announces; a failed one is said once, clearly, and tried again with growing delay.
 *
 * With `startup_resync` "never" it only watches at first: it compares and writes nothing, whatever Neutron
 * announces, until an operator has asked for a full resync in this term and that has succeeded.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Config } from "../config/config_types.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { KeystoneAuth } from "../openstack/keystone.ts";
import { Attempts } from "./attempts.ts";
import { EndpointHosts } from "./endpoint_hosts.ts";
import { type ResyncBase, resyncBase } from "./sources/base.ts";
import { DifferenceLog } from "./apply/difference_log.ts";
import { NoSink } from "./apply/sink.ts";
import type { Step } from "./apply/step.ts";
import { EventSync } from "./sources/events.ts";
import { incrementalResync } from "./sources/incremental.ts";
import { listen } from "./sources/listen.ts";
import { CloudIndex } from "./index/cloud_index.ts";
import { answerRequest, carryOut, type FullOptions } from "./sources/on_demand.ts";
import { type ResyncDeps, type ResyncResult, SyncRun } from "./apply/sync_run.ts";
import {
  recorded,
  type RecordedOptions,
  type RunReason,
  StepBeats,
  totals,
} from "./report/record.ts";
import { account, runPartial } from "./report/partial.ts";
import { SaidOnce } from "./report/said_once.ts";
import { fullResync } from "./sources/full.ts";
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
  using keystone = new KeystoneAuth(config.openstack, context.clock, () => beats.step());
  const stop = new AbortController();
  const own = { ...term, signal: AbortSignal.any([term.signal, stop.signal]) };
  const syncer = new ResourceSyncer(own, config, etcd, keystone, beats, context);
  const parts = [syncer.run(), syncer.listen()].map((part) =>
    part.catch((error) => {
      stop.abort(error);
      throw error;
    })
  );
  const failed = (await Promise.allSettled(parts)).find(({ status }) => status === "rejected");
  await context.store.resyncHistory.hours.flush();
  if (failed?.status === "rejected") throw failed.reason;
}

class ResourceSyncer {
  readonly #base: ResyncBase;
  readonly #beats: StepBeats;
  readonly #watching: Watching;
  /** null: nobody listens to Neutron's notifications. */
  readonly #events: EventSync | null = null;
  /** Of the last full resync that succeeded; null: there is none to build on. */
  #index: CloudIndex | null = null;
  readonly #attempts: Attempts;
  readonly #schedule: Schedule;
  readonly #hosts: EndpointHosts;
  /** Guards of the last incremental run, as JSON. */
  #heldBefore = "[]";
  readonly #lacks: SaidOnce;

  constructor(
    readonly term: Term,
    readonly config: SyncerConfig,
    etcd: Etcd3,
    keystone: KeystoneAuth,
    beats: StepBeats,
    readonly context: JobContext,
  ) {
    this.#beats = beats;
    this.#base = resyncBase(config, etcd, keystone, context.clock, context.log);
    this.#watching = new Watching(config.sync.startupResync, term, context);
    this.#attempts = new Attempts(term, config.sync, context);
    this.#schedule = new Schedule(config.sync, context.clock.now());
    this.#hosts = new EndpointHosts(term, config, context);
    this.#lacks = new SaidOnce(context);
    if (config.notifications === null) return;
    this.#events = new EventSync({
      base: this.#base,
      term,
      context,
      stateDir: config.stateDir,
      index: () => this.#index,
      compare: (why) => this.#compare(why),
      held: (result) => {
        const noted = { ...this.#noted("announced"), startedAt: context.clock.now() };
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
      const now = clock.now();
      const due = schedule.due(now);
      if (due === "full") {
        const resync = () => on ? this.#look() : this.#full();
        await this.#attempts.try(resync, (at) => schedule.retryFull(at));
      } else if (due === "incremental") {
        const resync = () => this.#incremental();
        await this.#attempts.try(resync, (at) => schedule.retryIncremental(at));
      } else {
        this.context.alive(on ? doing : "in sync, waiting", this.#attempts.problem);
        const waitMs = Math.min(TURN_MS, schedule.waitMs(now));
        await store.changes.after(seen, waitMs, clock, this.term.signal);
      }
    }
  }

  async #askExtensions(): Promise<void> {
    const { missing } = await this.#base.neutron.askExtensions(this.term.signal);
    await this.#lacks.say(missing);
  }

  /** Compares and writes nothing. */
  async #look(): Promise<void> {
    const noted = { ...this.#noted("watching"), dryRun: true };
    const { doing } = this.#watching;
    await recorded(this.context, this.term, noted, async (tell) => {
      await this.#askExtensions();
      const progress = (step: Step) => {
        this.#beats.step(`${doing}: ${step}`);
        tell(step);
      };
      const deps = { ...this.#deps(noted), progress };
      const { index, ...result } = await fullResync(deps, this.term, { sink: new NoSink() });
      await this.#hosts.publish(index, true);
      index.close();
      return result;
    });
    this.#watching.found = noted.differences.total;
    this.#schedule.planFull(this.context.clock.now());
  }

  async #full(asked: Partial<FullOptions> = {}): Promise<ResyncResult> {
    // What an operator asks for, and the first of a term, takes nothing for granted.
    const { reason } = this.#schedule;
    const previous = reason === "periodic" ? this.#index ?? undefined : undefined;
    const { clock } = this.context;
    const startedAt = clock.now();
    const noted = this.#noted(reason, asked.differences);
    this.#schedule.comparing();
    this.#events?.beginFull();
    const made: CloudIndex[] = [];
    let index: CloudIndex | null = null;
    let result: ResyncResult;
    try {
      ({ index, ...result } = await recorded(this.context, this.term, noted, async (tell) => {
        const deps = this.#deps(noted, tell, asked.tell);
        if (!previous) await this.#askExtensions();
        const beside = this.#index ?? undefined;
        const patience = patienceOf(this.context, this.#beats, () => this.#attempts.problem);
        const how = { allowDeletions: asked.allowDeletions, previous, beside, patience };
        const full = await fullResync(deps, this.term, how);
        made.push(full.index);
        return full;
      }));
    } finally {
      const before = this.#index;
      this.#index = index ?? before;
      this.#events?.endFull(before, index);
      await this.#close(index ? before : made[0]);
    }
    await this.#hosts.publish(index!, true);
    const { trouble } = this.#base.keystone.projects;
    if (trouble !== null) await this.#lacks.say([trouble]);
    this.#schedule.reason = "periodic";
    this.#schedule.planFull(clock.now());
    this.#planIncremental();
    const tookMs = clock.now() - startedAt;
    if (tookMs > this.config.sync.resyncMaxIntervalSeconds * 1000) {
      this.context.log.warn("a resync took longer than resync_max_interval", { tookMs });
    }
    return result;
  }

  /** Closes an index that is not that of now. */
  async #close(index: CloudIndex | null | undefined): Promise<void> {
    await this.#events?.handled();
    index?.close();
  }

  async #incremental(): Promise<void> {
    const index = this.#index!;
    const noted = this.#noted("incremental");
    const run = new SyncRun(this.#deps(noted), this.term, index);
    this.#schedule.comparing();
    await runPartial(this.context, this.term, noted, async () => {
      const count = await incrementalResync(run);
      await this.#hosts.publish(index);
      const result = run.result();
      // A guard that goes on holding the same is no news every few seconds.
      const guards = JSON.stringify(run.guards);
      const held = run.guards.length > 0 && guards !== this.#heldBefore;
      this.#heldBefore = guards;
      const { created, updated, deleted } = totals(result);
      this.#events?.foundSilently(created! + updated! + deleted!);
      return { result, tells: count > 0 || held };
    });
    this.#planIncremental();
  }

  #noted(reason: RunReason, differences = new DifferenceLog()): RecordedOptions {
    const { next } = this.#attempts;
    const tried = reason === "announced" ? {} : next; // what is announced has no tries of its own
    return { reason, differences, stateDir: this.config.stateDir, ...tried };
  }

  #deps(
    { differences }: RecordedOptions,
    ...tells: (FullOptions["tell"] | undefined)[]
  ): ResyncDeps {
    this.#beats.problem = this.#attempts.problem;
    const progress = (step: Step) => {
      this.#beats.step(`resync: ${step}`);
      for (const tell of tells) tell?.(step);
    };
    return { ...this.#base, progress, differences };
  }

  #planIncremental(): void {
    const counted = this.#base.neutron.extensions.has("standard-attr-revisions");
    this.#schedule.planIncremental(this.context.clock.now(), counted);
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
      beats: this.#beats,
      index: this.#index ?? new CloudIndex(region),
      full: async (options: FullOptions) => {
        this.#schedule.reason = "requested";
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
