/**
 * The queue of reports, and the workers that empty it.
 *
 * A fixed number of writes is in flight, never two of them for one key, and one is left for other groups when
 * all the rest are of one. What waits while there are no more keys than workers is written key by key, else group
 * by group. A write that fails is tried again after 5 s, then ever later up to 60 s, without end, unless something
 * newer came meanwhile; when a write of several failed as a whole, each of its keys is tried alone, so that one
 * that is refused does not keep the others. While the gate is closed everything waits, the newest value of each
 * key. Nothing is written once the signal has aborted.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { DoubtfulReportError } from "./doubtful_report.ts";
import { type Entry, NewestQueue, type Priority, RETRY, SNAPSHOT } from "./newest_queue.ts";
import { BatchSize } from "./batch_size.ts";

/** Whether it makes sense to write at all. */
export interface Gate {
  readonly open: boolean;
  /** Resolves once it is open. @throws the signal's reason. */
  whenOpen(signal: AbortSignal): Promise<void>;
}

/** What of a write of several failed although nobody says that it was at fault: it is tried alone. */
export class UnclearError extends Error {
  override readonly name = "UnclearError";
}

/** What {@linkcode WorkQueue} needs. */
export interface WorkQueueOptions<T> {
  /** Writes in flight at most. */
  readonly workers: number;
  /** Most keys in one write, when writes are quick. */
  readonly maxBatch: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly gate: Gate;
  /**
   * Asked when few keys wait: takes up to so many from where more of them do. @default nowhere
   */
  more?(max: number): readonly Entry<T>[];
  /** Keys of one group may be written together. */
  groupOf(value: T): string;
  /**
   * Writes; resolves to the errors of the keys that failed, an `UnclearError` where that may be another's fault.
   * Rejects when all failed.
   */
  write(batch: readonly Entry<T>[], signal: AbortSignal): Promise<ReadonlyMap<string, unknown>>;
  onSuccess(entry: Entry<T>): void;
  onFailure(entry: Entry<T>, error: unknown, retryMs: number): void;
}

const PAUSE: Backoff = { firstMs: 5000, maxMs: 60_000, jitter: "none" };
/** Between two looks at what of the failed is due, ms. */
const RETRY_TICK_MS = 1000;
/** Keys that are asked for at once when fewer wait than one write takes. */
const MORE = 1000;
/** A write that takes longer never ends, since all that it waits for has a much shorter deadline; ms. */
const MAX_WRITE_MS = 600_000;

/** Keys with their newest values, written as soon as a worker is free; `join` it after the signal aborted. */
export class WorkQueue<T> {
  readonly #queue: NewestQueue<T>;
  /** Since when, by key; monotonic ms. */
  readonly #inFlight = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  /** Keys that are not written with others before they were written once. */
  readonly #alone = new Set<string>();
  /** Writes in flight by group, for as long as there are any. */
  readonly #ofGroup = new Map<string, number>();
  readonly #later = new Map<string, { value: T; due: number }>();
  readonly #pending = new Set<Promise<void>>();
  readonly #batchSize: BatchSize;
  #writing = 0;
  #waitsForGate = false;
  #ticks = false;

  constructor(readonly options: WorkQueueOptions<T>) {
    this.#queue = new NewestQueue(options.groupOf);
    this.#batchSize = new BatchSize(options.maxBatch);
  }

  /** The backlog: keys that wait, sleep before a retry or are being written, each counted once. */
  get length(): number {
    let writing = 0; // what is newer than a write in flight waits already
    for (const key of this.#inFlight.keys()) if (!this.#queue.has(key)) writing++;
    return this.#queue.size + writing + this.#later.size;
  }

  /** Keys that wait for a worker. */
  get waiting(): number {
    return this.#queue.size;
  }

  readonly name = "the queue of reports";

  /** Whether a write does not end, as `Watchdog` has it. */
  get late(): boolean {
    const limit = this.options.clock.monotonic() - MAX_WRITE_MS;
    for (const since of this.#inFlight.values()) if (since < limit) return true;
    return false;
  }

  /** Queues the newest value of a key. */
  put(key: string, value: T, priority: Priority): void {
    this.#add(key, value, priority);
    this.#start();
  }

  /** There may be more where {@linkcode WorkQueueOptions.more} takes it from. */
  wake(): void {
    this.#start();
  }

  /** Waits until nothing is in flight any more. */
  async join(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #add(key: string, value: T, priority: Priority): void {
    this.#later.delete(key);
    this.#queue.put(key, value, priority);
  }

  #refill(): void {
    const { more, maxBatch } = this.options;
    if (!more || this.#queue.size >= maxBatch) return;
    for (const { key, value } of more(MORE)) this.#add(key, value, SNAPSHOT);
  }

  #start(): void {
    const { signal, workers, gate, clock, groupOf } = this.options;
    while (!signal.aborted && this.#writing < workers) {
      this.#refill();
      if (this.#queue.size === 0) return;
      if (!gate.open) return this.#waitForGate();
      const batch = this.#queue.take({
        max: this.#batchSize.limit,
        few: workers,
        isBusy: (key, value) => this.#inFlight.has(key) || this.#isFull(groupOf(value)),
        isAlone: (key) => this.#alone.has(key),
      });
      if (batch.length === 0) return;
      const now = clock.monotonic();
      for (const { key } of batch) this.#inFlight.set(key, now);
      this.#count(groupOf(batch[0]!.value), 1);
      this.#track(this.#write(batch));
    }
  }

  /** Whether only the worker is left that is for other groups. */
  #isFull(group: string): boolean {
    return (this.#ofGroup.get(group) ?? 0) >= Math.max(1, this.options.workers - 1);
  }

  #count(group: string, more: 1 | -1): void {
    this.#writing += more;
    const writing = (this.#ofGroup.get(group) ?? 0) + more;
    if (writing > 0) this.#ofGroup.set(group, writing);
    else this.#ofGroup.delete(group);
  }

  #waitForGate(): void {
    if (this.#waitsForGate) return;
    this.#waitsForGate = true;
    const opened = this.options.gate.whenOpen(this.options.signal).catch(() => {});
    this.#track(opened.then(() => {
      this.#waitsForGate = false;
      this.#start();
    }));
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    work.finally(() => this.#pending.delete(work));
  }

  async #write(batch: readonly Entry<T>[]): Promise<void> {
    const { write, signal, onSuccess, gate, groupOf, clock } = this.options;
    const from = clock.monotonic();
    let failed: ReadonlyMap<string, unknown>;
    let isUnclear = false;
    try {
      failed = await write(batch, signal);
    } catch (error) {
      failed = new Map(batch.map(({ key }) => [key, error]));
      // A gate that has closed says that nothing could be written, whatever it was.
      isUnclear = batch.length > 1 && gate.open;
    }
    // What is in doubt was not sent, or is not all that was: it says little of how quick a write is.
    const size = batch.filter(({ key }) => !isDoubt(failed.get(key))).length;
    if (gate.open) this.#batchSize.learn(size, clock.monotonic() - from, isUnclear);
    this.#count(groupOf(batch[0]!.value), -1);
    for (const entry of batch) {
      this.#inFlight.delete(entry.key);
      if (failed.has(entry.key)) {
        const error = failed.get(entry.key);
        if (isUnclear || error instanceof UnclearError) this.#alone.add(entry.key);
        this.#onFailure(entry, error);
      } else {
        this.#failures.delete(entry.key);
        this.#alone.delete(entry.key);
        onSuccess(entry);
      }
    }
    if (this.length === 0) this.#queue.forgetTaken();
    this.#start();
  }

  #onFailure(entry: Entry<T>, error: unknown): void {
    const { signal, clock, onFailure } = this.options;
    if (signal.aborted) return;
    const failures = this.#failures.get(entry.key) ?? 0;
    const doubt = isDoubt(error); // no fault: it is over after a while
    if (!doubt) this.#failures.set(entry.key, failures + 1);
    const retryMs = doubt ? PAUSE.firstMs : backoffMs(PAUSE, failures);
    onFailure(entry, error, retryMs);
    if (this.#queue.has(entry.key)) return;
    this.#later.set(entry.key, { value: entry.value, due: clock.monotonic() + retryMs });
    if (!this.#ticks) this.#track(this.#retry());
  }

  /** Brings what failed back into the queue when it is due, until nothing sleeps. */
  async #retry(): Promise<void> {
    const { clock, signal } = this.options;
    this.#ticks = true;
    try {
      while (this.#later.size > 0) {
        await clock.sleep(RETRY_TICK_MS, signal);
        const now = clock.monotonic();
        for (const [key, { value, due }] of this.#later) {
          if (due > now) continue;
          this.#later.delete(key);
          this.#queue.put(key, value, RETRY);
        }
        this.#start();
      }
    } catch {
      // stopped
    } finally {
      this.#ticks = false;
    }
  }
}

function isDoubt(error: unknown): boolean {
  return error instanceof DoubtfulReportError;
}
