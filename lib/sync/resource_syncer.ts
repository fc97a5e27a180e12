/**
 * The resource syncer's loop while this node is master: a full resync at the start of the term and
 * then periodically, incremental ones in between, what an operator asks for and, beside all that, what
 * Neutron announces; a failed one is said once, clearly, and tried again with growing delay.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Config } from "../config_types.ts";
import { FenceLostError } from "../etcd/client.ts";
import { describeError } from "../log.ts";
import type { JobContext, Term } from "../master_context.ts";
import { KeystoneAuth } from "../openstack/keystone.ts";
import { NeutronClient } from "../openstack/neutron.ts";
import { DifferenceLog } from "./difference_log.ts";
import { EventSync } from "./event_sync.ts";
import { incrementalResync } from "./incremental.ts";
import { listen } from "./listen.ts";
import { Memory } from "./memory.ts";
import { answerRequest } from "./on_demand.ts";
import { EtcdSink, Pass, type ResyncDeps, type ResyncResult } from "./pass.ts";
import { recorded, type RecordedOptions, StepSigns, totals } from "./record.ts";
import { fullResync } from "./resync.ts";

const MAX_RETRY_MS = 30_000;
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
  const signs = new StepSigns(context.alive, config);
  using keystone = new KeystoneAuth(config.openstack, context.clock, () => signs.step());
  const stop = new AbortController();
  const own = { ...term, signal: AbortSignal.any([term.signal, stop.signal]) };
  const syncer = new ResourceSyncer(own, config, etcd, keystone, signs, context);
  const parts = [syncer.run(), syncer.listen()].map((part) =>
    part.catch((error) => {
      stop.abort(error);
      throw error;
    })
  );
  const failed = (await Promise.allSettled(parts)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

class ResourceSyncer {
  readonly #base: Omit<ResyncDeps, "progress">;
  readonly #signs: StepSigns;
  /** null: nobody listens to Neutron's notifications. */
  readonly #events: EventSync | null = null;
  /** Of the last full resync that succeeded; null: there is none to build on. */
  #memory: Memory | null = null;
  #failures = 0;
  #problem: string | null = null;
  #succeededAt: number;
  #fullAt: number;
  #incrementalAt = Infinity;
  /** Something may have been missed since the last comparison began. */
  #compareAsked = false;
  #reason = "startup";
  readonly #missing = new Set<string>();

  constructor(
    readonly term: Term,
    readonly config: SyncerConfig,
    etcd: Etcd3,
    keystone: KeystoneAuth,
    signs: StepSigns,
    readonly context: JobContext,
  ) {
    this.#signs = signs;
    const { clock } = context;
    const neutron = new NeutronClient(config.openstack, keystone);
    const { region, sync: { qos, maxDeletions } } = config;
    this.#base = { etcd, keystone, neutron, clock, region, qos, maxDeletions };
    this.#succeededAt = clock.now();
    const always = config.sync.startupResync === "always";
    this.#fullAt = clock.now() + (always ? 0 : this.#intervalMs);
    if (config.notifications === null) return;
    this.#events = new EventSync({
      base: this.#base,
      term,
      context,
      memory: () => this.#memory,
      compare: (why) => this.#compare(why),
    });
  }

  get #intervalMs(): number {
    return this.config.sync.resyncIntervalSeconds * 1000;
  }

  /** What Neutron announces, until the term ends. */
  async listen(): Promise<void> {
    const { config, term, context } = this;
    if (!this.#events || !config.notifications) return;
    await listen(config.notifications, config.region, this.#events, term, context);
  }

  /** Something may have been missed: a comparison is due, after a failure when its turn comes. */
  #compare(why: string): void {
    this.context.log.debug("a comparison is due", { why });
    this.#compareAsked = true;
    if (!this.#memory || this.#failures > 0) return;
    this.#scheduleIncremental();
    this.context.store.changes.wake(); // the loop waits for what was due before
  }

  async run(): Promise<void> {
    const { clock, store } = this.context;
    while (!this.term.signal.aborted) {
      const seen = store.changes.count;
      this.#monitor();
      if (await this.#takeRequest()) continue;
      const now = clock.now();
      if (now >= this.#fullAt) {
        await this.#try(() => this.#full(), (at) => this.#retryFull(at));
      } else if (now >= this.#incrementalAt) {
        await this.#try(() => this.#incremental(), (at) => this.#incrementalAt = at);
      } else {
        this.context.alive("in sync, waiting", this.#problem);
        const waitMs = Math.min(this.#fullAt, this.#incrementalAt) - now;
        await store.changes.after(seen, Math.min(TURN_MS, waitMs), clock, this.term.signal);
      }
    }
  }

  /** Warns when no resync has succeeded for too long. */
  #monitor(): void {
    const overdueMs = this.context.clock.now() - this.#succeededAt;
    if (overdueMs <= this.config.sync.resyncMaxIntervalSeconds * 1000) return;
    const minutes = Math.round(overdueMs / 60_000);
    const overdue = `no resync has succeeded for ${minutes} min`;
    if (!this.#problem?.startsWith(overdue)) {
      this.#problem = `${overdue}: ${this.#problem ?? "look at the log"}`;
      this.context.log.warn(overdue);
    }
  }

  /** Runs a resync; after a failure it is tried again, and `retryAt` notes when. */
  async #try(resync: () => Promise<unknown>, retryAt: (at: number) => void): Promise<void> {
    const { clock, log } = this.context;
    try {
      await resync();
      this.#failures = 0;
      this.#problem = null;
      this.#succeededAt = clock.now();
    } catch (error) {
      if (this.term.signal.aborted) return;
      if (error instanceof FenceLostError) throw error;
      const retryMs = Math.min(MAX_RETRY_MS, this.#intervalMs, 1000 * 2 ** this.#failures++);
      this.#problem = `the last resync failed (${describeError(error)}); next try in ` +
        `${Math.round(retryMs / 1000)} s`;
      log.error("resync failed, will be tried again", { error, retryMs });
      retryAt(clock.now() + retryMs);
    }
  }

  /** A full resync failed: it takes nothing for granted the next time. */
  #retryFull(at: number): void {
    this.#reason = "retry";
    this.#fullAt = at;
    this.#incrementalAt = Math.max(this.#incrementalAt, at);
  }

  async #askExtensions(): Promise<void> {
    const { missing } = await this.#base.neutron.askExtensions(this.term.signal);
    await this.#sayOnce(missing);
  }

  /** What Neutron and Keystone do not give us is said once a term. */
  async #sayOnce(messages: readonly string[]): Promise<void> {
    const { log, store, clock } = this.context;
    for (const message of messages.filter((text) => !this.#missing.has(text))) {
      this.#missing.add(message);
      log.warn(message);
      await store.addEvent("resource-syncer", { at: clock.now(), level: "warn", message });
    }
  }

  async #full(allowDeletions = false): Promise<ResyncResult> {
    // What an operator asks for, and the first of a term, takes nothing for granted.
    const previous = this.#reason === "periodic" ? this.#memory ?? undefined : undefined;
    const { clock } = this.context;
    const startedAt = clock.now();
    const noted = this.#noted(this.#reason);
    this.#compareAsked = false;
    this.#events?.beginFull();
    const made: Memory[] = [];
    let memory: Memory | null = null;
    let result: ResyncResult;
    try {
      ({ memory, ...result } = await recorded(this.context, this.term, noted, async () => {
        const deps = this.#deps(noted);
        if (!previous) await this.#askExtensions();
        const beside = this.#memory ?? undefined;
        const full = await fullResync(deps, this.term, { allowDeletions, previous, beside });
        made.push(full.memory);
        return full;
      }));
    } finally {
      const before = this.#memory;
      this.#memory = memory ?? before;
      this.#events?.endFull(before, memory);
      await this.#close(memory ? before : made[0]);
    }
    const { trouble } = this.#base.keystone.projects;
    if (trouble !== null) await this.#sayOnce([trouble]);
    this.#reason = "periodic";
    this.#fullAt = clock.now() + this.#intervalMs;
    this.#scheduleIncremental();
    const tookMs = clock.now() - startedAt;
    if (tookMs > this.config.sync.resyncMaxIntervalSeconds * 1000) {
      this.context.log.warn("a resync took longer than resync_max_interval", { tookMs });
    }
    return result;
  }

  /** Closes a memory that is not that of now. */
  async #close(memory: Memory | null | undefined): Promise<void> {
    await this.#events?.handled();
    memory?.close();
  }

  async #incremental(): Promise<void> {
    const memory = this.#memory!;
    const noted = this.#noted("incremental");
    const deps = this.#deps(noted);
    const pass = new Pass(deps, this.term, new EtcdSink(deps, this.term));
    const from = this.context.clock.now();
    this.#compareAsked = false;
    const count = await incrementalResync(pass, memory);
    if (count > 0) {
      const { created, updated, deleted } = totals(pass.result());
      this.#events?.foundSilently(created! + updated! + deleted!);
      const options = { ...noted, whole: false, startedAt: from };
      await recorded(this.context, this.term, options, () => Promise.resolve(pass.result()));
    }
    this.#scheduleIncremental();
  }

  #noted(reason: string): RecordedOptions {
    return { reason, differences: new DifferenceLog(), stateDir: this.config.stateDir };
  }

  #deps({ differences }: RecordedOptions): ResyncDeps {
    this.#signs.problem = this.#problem;
    return { ...this.#base, progress: (doing) => this.#signs.step(doing), differences };
  }

  #scheduleIncremental(): void {
    const now = this.context.clock.now();
    const everyMs = this.config.sync.incrementalIntervalSeconds * 1000;
    if (!this.#base.neutron.extensions.has("standard-attr-revisions")) {
      // Nothing tells what has changed: only a full one finds it.
      this.#incrementalAt = Infinity;
      if (this.#compareAsked) this.#fullAt = now;
    } else if (this.#compareAsked) this.#incrementalAt = now;
    else this.#incrementalAt = everyMs === 0 ? Infinity : now + everyMs;
  }

  /** Does what an operator asks for; false: nobody asks. */
  async #takeRequest(): Promise<boolean> {
    const request = await this.context.store.readResyncRequest();
    if (!request) return false;
    await answerRequest(request, {
      ...this.context,
      config: this.config,
      term: this.term,
      base: this.#base,
      signs: this.#signs,
      memory: this.#memory ?? new Memory(this.config.region),
      full: async (allowDeletions) => {
        this.#reason = "requested";
        const result = await this.#full(allowDeletions);
        this.#failures = 0;
        this.#problem = null;
        this.#succeededAt = this.context.clock.now();
        return result;
      },
    });
    return true;
  }
}
