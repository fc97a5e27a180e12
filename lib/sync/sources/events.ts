/**
 * Changes as Neutron announces them: notifications are gathered for a moment, each object once, and
 * what they concern is made equal, beside the full and incremental resyncs and in the same way: etcd
 * is read first and every write is a compare-and-swap, so that whoever has the older data fails.
 *
 * Before a term's first full resync there is only what etcd's keys tell (`early.ts`). Each builds an index of its
 * own; what was handled meanwhile, with the older one, is handled again with that.
 * Whenever a notification may have been lost (a gap between two subscriptions, an overflow in the
 * broker or here), an incremental resync is asked for, which needs none.
 *
 * @module
 */
import { FenceLostError } from "../../etcd/client.ts";
import { type NotificationsRecord, sendsNone } from "../../state/records.ts";
import { type Backoff, backoffMs } from "../../base/backoff.ts";
import { Lag } from "../../base/lag.ts";
import { RateLimitedLog } from "../../base/rate_limited.ts";
import { type ResyncDeps, SyncRun } from "../apply/sync_run.ts";
import { newWork, type Scope } from "../index/backlog.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { AnnouncedChanges } from "../report/announced_changes.ts";
import { totals } from "../report/record.ts";
import { guardSentence, leftOutSentence } from "../report/held_text.ts";
import { applyChanges } from "./changes.ts";
import { applyEarly, EarlyIndex } from "./early.ts";
import { type EventSyncOptions, type Hearing, noEvents } from "./event_options.ts";
import { HandledMeanwhile } from "./handled_meanwhile.ts";
import { addHints, decodeNotification, Hints } from "./notification.ts";
import { resolveHints } from "./resolve_hints.ts";

/** Notifications are gathered for so long after the first, ms. */
const GATHER_MS = 50;
/** More objects than this are not kept: comparing all is as cheap. */
const MAX_PENDING = 5000;
/** One process handles them, and nobody else comes back at the same time. */
const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "none" };

/** Gathers announced changes and makes them equal. */
export class EventSync {
  #pending = new Hints();
  /** When the first of the pending came, by the monotonic clock. */
  #pendingSince = 0;
  /** What was handled since a running full resync began; null: none runs. */
  #handled: HandledMeanwhile | null = null;
  /** What is being handled, or the last that was. */
  #handling: Promise<unknown> = Promise.resolve();
  #preparing: Promise<void> = Promise.resolve();
  /** The backlog has something that must not wait for the next event. */
  #isBacklogDue = false;
  #isSubscribed = false;
  #woken = Promise.withResolvers<void>();
  readonly #lag: Lag;
  readonly #limited: RateLimitedLog;
  readonly #changes: AnnouncedChanges;
  readonly #base: Omit<ResyncDeps, "progress">;
  /** Until a full resync is through. */
  readonly #early: EarlyIndex;
  readonly #counts = noEvents();

  constructor(readonly options: EventSyncOptions) {
    const { base, term, context: { clock, log } } = options;
    this.#lag = new Lag(clock);
    this.#limited = new RateLimitedLog(log, clock);
    this.#changes = new AnnouncedChanges(clock, options.stateDir);
    this.#base = { ...base, neutron: base.neutron.urgent };
    const deps = { ...base, progress: () => {} };
    this.#early = new EarlyIndex({ deps, term, clock, log: this.#limited });
  }

  /** The index by which events are handled now; null: there is none yet, and they wait. */
  get #index(): CloudIndex | null {
    return this.options.index() ?? this.#early.ready;
  }

  /** The index for events alone, beside which that of the first full resync is made; null: it is over. */
  get early(): CloudIndex | null {
    return this.#early.beside;
  }

  /** Resolves when events can be handled, or that has failed once: whatever takes time comes after it. */
  get prepared(): Promise<void> {
    return this.#early.tried;
  }

  /** Tells traces what was changed; to be called again and again. */
  async publishChanges(): Promise<void> {
    await this.#changes.publish(this.#limited);
  }

  /** A message from the bus. */
  receive(body: Uint8Array): void {
    this.#counts.received++;
    const notification = decodeNotification(body);
    if (!notification) {
      this.#counts.ignored++;
      this.#limited.warn("a notification is not understood", { bytes: body.length });
      return;
    }
    const index = this.#index;
    const knowsPort = (id: string) => !index || index.ports.keysOf(id).length > 0;
    const empty = this.#pending.size === 0;
    if (!addHints(this.#pending, notification, knowsPort)) {
      this.#counts.ignored++;
      return;
    }
    this.#added(empty);
  }

  /** Ports to be looked at now, though Neutron has announced nothing of them. */
  look(ports: Iterable<string>): void {
    const empty = this.#pending.size === 0;
    for (const port of ports) this.#pending.changed.ports.add(port);
    if (this.#pending.size > 0) this.#added(empty);
  }

  #added(wasEmpty: boolean): void {
    if (wasEmpty) this.#pendingSince = this.options.context.clock.monotonic();
    if (this.#pending.size > MAX_PENDING) this.overflow("too many changes are pending");
    this.#wake();
  }

  /** Whether what changes is announced, as far as that can be told. What was missed in a gap is not said here. */
  get hearing(): Hearing {
    if (!this.#isSubscribed) return "unheard";
    return sendsNone(this.#counts) ? "unsent" : "heard";
  }

  /** The bus brings nothing until the next subscription. */
  lost(): void {
    this.#isSubscribed = false;
    this.options.onHearing?.();
  }

  /** The bus brings everything from now on. */
  subscribed(): void {
    this.#counts.subscriptions++;
    this.#isSubscribed = true;
    this.options.compare("notifications are heard from now on");
  }

  /** Something was dropped: all is compared instead. */
  overflow(why: string): void {
    this.#counts.overflows++;
    this.#limited.warn("notifications were dropped, all is compared", { why });
    this.#pending = new Hints();
    this.options.compare("notifications were dropped");
  }

  /** A comparison has changed so many objects in etcd of which no notification had told. */
  foundSilently(count: number): void {
    this.#counts.silent += count;
  }

  /** A full resync begins, which sees everything announced so far. */
  beginFull(): void {
    this.#handled = new HandledMeanwhile(MAX_PENDING);
  }

  /** It has ended, with `index` in the place of `before`; null: it failed. */
  endFull(before: CloudIndex | null, index: CloudIndex | null): void {
    const handled = this.#handled;
    this.#handled = null;
    if (!handled || !index) return;
    if (this.#pending.size === 0) this.#pendingSince = this.options.context.clock.monotonic();
    this.#pending.add(handled.hints);
    if (handled.passOn(before ?? this.#early.endAfter([this.#handling, this.#preparing]), index)) {
      this.#isBacklogDue = true;
    }
    this.#wake();
  }

  /** Resolves when nothing is handled with an index of before this call any more. */
  async handled(): Promise<void> {
    await this.#handling;
  }

  /** Handles what comes until the term ends. @throws {FenceLostError} another node leads. */
  async run(): Promise<void> {
    const { term, context: { clock } } = this.options;
    const { signal } = term;
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    if (!this.options.index()) this.#preparing = this.#early.prepare().then(() => this.#wake());
    try {
      for (let failures = 0; !signal.aborted;) {
        if (!this.#index || (this.#pending.size === 0 && !this.#isBacklogDue)) {
          await this.#woken.promise;
          continue;
        }
        const waitMs = this.#isBacklogDue ? 0 : this.#pendingSince + GATHER_MS - clock.monotonic();
        if (waitMs > 0) await clock.sleep(waitMs, signal).catch(() => {});
        // Only now: a full resync may have put another in its place while this waited.
        const index = this.#index;
        if (signal.aborted || !index) continue;
        const handling = this.#handle(index);
        this.#handling = handling.catch(() => {});
        if (await handling) failures = 0;
        else {
          await clock.sleep(backoffMs(BACKOFF, failures++), signal).catch(() => {});
        }
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#early.end();
      await this.#preparing;
    }
  }

  /** For the page and the metrics. */
  record({ queue, trouble }: Pick<NotificationsRecord, "queue" | "trouble">): NotificationsRecord {
    return {
      at: this.options.context.clock.now(),
      queue,
      trouble,
      early: this.options.index() === null,
      pending: this.#pending.size,
      ...this.#counts,
      ...this.#lag.summary(),
    };
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers();
  }

  /** Handles all that is pending; false: it failed and is pending again. */
  async #handle(index: CloudIndex): Promise<boolean> {
    const { term, context: { clock, log } } = this.options;
    const isEarly = index === this.#early.ready;
    const [batch, since] = [this.#pending, this.#pendingSince];
    this.#pending = new Hints();
    this.#isBacklogDue = false;
    // Its end has to do it again.
    if (this.#handled?.begins(batch) === false) {
      this.options.compare("too much has changed during a full resync");
    }
    const differences = this.#changes.log();
    const deps = { ...this.#base, progress: () => {}, differences };
    const announced = batch.deleted;
    const run = new SyncRun(deps, term, index, { announced });
    try {
      await resolveHints(batch, run, isEarly);
      const scope = isEarly ? await applyEarly(run, batch) : await applyChanges(run, batch.changed);
      this.#noteWork(scope, index);
    } catch (error) {
      if (error instanceof FenceLostError) throw error;
      if (term.signal.aborted) return false;
      this.#counts.failures++;
      this.#limited.warn("announced changes could not be handled, will be tried again", { error });
      batch.add(this.#pending);
      this.#pending = batch;
      this.#pendingSince = since;
      this.#moved(index)?.addToBacklog(index.takeBacklog());
      return false;
    }
    const { created, updated, deleted } = totals(run.result());
    const changes = created! + updated! + deleted!;
    this.#counts.passes++;
    this.#counts.changes += changes;
    // What etcd did not take is not told as changed.
    const isWhole = !run.full && run.leftOut.every(({ why }) => why !== "too-large");
    if (isWhole) this.#changes.note(differences);
    const ms = clock.monotonic() - since;
    this.#lag.add(ms);
    await this.#tell(run, isEarly);
    log.debug("announced changes handled", { ms: Math.round(ms), hints: batch.size, changes });
    return true;
  }

  /** What a run came upon. What the cloud as a whole would tell is left to the full resync, which sees all of it. */
  async #tell(run: SyncRun, isEarly: boolean): Promise<void> {
    const guards = isEarly ? [] : run.guards;
    const leftOut = run.leftOut.filter(({ why }) => !isEarly || why !== "outside-subnets");
    const sentences = [...guards.map(guardSentence), ...leftOut.map(leftOutSentence)];
    for (const warning of [...run.warnings, ...sentences]) {
      this.#limited.warn("announced change", { warning });
    }
    if (guards.length === 0) return;
    await this.options.held?.(run.result()).catch(() => {}); // the comparison is in the history as well
    this.options.compare("what was announced is held back");
  }

  /** The index that has taken the place of that one meanwhile, if any. */
  #moved(index: CloudIndex): CloudIndex | null {
    const current = this.#index;
    return current === index ? null : current;
  }

  #noteWork(scope: Scope, index: CloudIndex): void {
    const work = newWork(scope);
    this.#handled?.handled(work);
    const current = this.#moved(index);
    if (!current) return;
    current.addToBacklog(work);
    this.#isBacklogDue = true;
    this.#wake();
  }
}
