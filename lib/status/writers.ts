/**
 * A fixed number of writers that empty a {@linkcode NewestQueue}: never two in flight for one key; what
 * fails is tried again after 5 s and growing, unless something newer came meanwhile. Nothing is
 * written once the signal has aborted.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { NewestQueue, type Priority, RETRY } from "./newest_queue.ts";

/** What {@linkcode Writers} needs. */
export interface WriterOptions<T> {
  readonly count: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  write(key: string, value: T, signal: AbortSignal): Promise<void>;
  onSuccess(key: string, value: T): void;
  onFailure(key: string, value: T, error: unknown, retryMs: number): void;
}

const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 60_000;

/** See the module; `join` after the signal aborted. */
export class Writers<T> {
  readonly #queue = new NewestQueue<T>();
  readonly #inFlight = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #sleeping = new Map<string, AbortController>();
  readonly #pending = new Set<Promise<void>>();

  constructor(readonly options: WriterOptions<T>) {}

  /** Keys that wait, sleep before a retry or are being written. */
  get length(): number {
    return this.#queue.size + this.#inFlight.size + this.#sleeping.size;
  }

  /** The newest state of a key. */
  put(key: string, value: T, priority: Priority): void {
    this.#sleeping.get(key)?.abort();
    this.#queue.put(key, value, priority);
    this.#start();
  }

  /** Waits until nothing is in flight any more. */
  async join(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #start(): void {
    const { signal, count } = this.options;
    while (!signal.aborted && this.#inFlight.size < count) {
      const next = this.#queue.take((key) => this.#inFlight.has(key));
      if (!next) return;
      this.#inFlight.add(next.key);
      this.#track(this.#writeOne(next.key, next.value));
    }
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    work.finally(() => this.#pending.delete(work));
  }

  async #writeOne(key: string, value: T): Promise<void> {
    const { write, signal, onSuccess, onFailure } = this.options;
    try {
      await write(key, value, signal);
      this.#failures.delete(key);
      onSuccess(key, value);
    } catch (error) {
      if (!signal.aborted) {
        const failures = this.#failures.get(key) ?? 0;
        this.#failures.set(key, failures + 1);
        const retryMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 1.5 ** failures);
        onFailure(key, value, error, retryMs);
        if (!this.#queue.has(key)) this.#track(this.#retryLater(key, value, retryMs));
      }
    } finally {
      this.#inFlight.delete(key);
      this.#start();
    }
  }

  async #retryLater(key: string, value: T, retryMs: number): Promise<void> {
    const newer = new AbortController();
    this.#sleeping.set(key, newer);
    try {
      const either = AbortSignal.any([this.options.signal, newer.signal]);
      await this.options.clock.sleep(retryMs, either);
      this.#sleeping.delete(key);
      this.#queue.put(key, value, RETRY);
      this.#start();
    } catch {
      // stopped, or something newer came
    } finally {
      if (this.#sleeping.get(key) === newer) this.#sleeping.delete(key);
    }
  }
}
