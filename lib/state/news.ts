/**
 * News of the state directory: whoever writes a record that another process waits for touches a file
 * beside the KV file, and whoever waits is woken by the kernel (`Deno.watchFs`), within a millisecond and
 * without looking in between. The file is empty: only the record tells what has changed.
 *
 * Nothing may depend on it, as a touch may be lost: whoever waits also looks by itself once in a while, and
 * five times a second where files cannot be watched (all of the machine's inotify instances are in use).
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** Between looks where files cannot be watched, ms. */
const POLL_MS = 200;

/** Sends and receives news; disposable. */
export class StateChanges implements Disposable {
  #count = 0;
  /** Null: nobody has waited yet, or it is over; `false`: files cannot be watched here. */
  #watcher: Deno.FsWatcher | false | null = null;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  /** @param path of the file; null: other processes are neither told nor heard. */
  constructor(readonly path: string | null) {}

  /** How much news there has been: to be read before the record is, and given to {@linkcode after}. */
  get count(): number {
    this.#watch();
    return this.#count;
  }

  /** Wakes those who wait in this process. */
  wake(): void {
    this.#count++;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Wakes all who wait, in this process and the others. */
  async announce(): Promise<void> {
    this.wake();
    if (this.path === null) return;
    const now = new Date();
    // If it fails, the others find the record when they look by themselves.
    await Deno.utime(this.path, now, now).catch(() => {});
  }

  /**
   * Resolves when there has been more news than `seen`, when `signal` aborts, and after `maxMs` at the
   * latest; sooner where files cannot be watched.
   */
  async after(seen: number, maxMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (this.#count > seen || signal.aborted) return;
    const woken = new AbortController();
    const wake = () => woken.abort();
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    const ms = this.#watch() ? maxMs : Math.min(maxMs, POLL_MS);
    try {
      await clock.sleep(ms, woken.signal).catch(() => {});
    } finally {
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    if (this.#watcher) this.#watcher.close();
    this.#watcher = null;
    this.wake();
  }

  /** Whether news of other processes comes. */
  #watch(): boolean {
    if (this.#watcher === null && !this.#closed && this.path !== null) {
      try {
        this.#watcher = Deno.watchFs(this.path);
        this.#listen(this.#watcher);
      } catch {
        this.#watcher = false;
      }
    }
    return Boolean(this.#watcher);
  }

  /** Tells of every change until the file is gone, or the watcher is closed. */
  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind } of watcher) {
        if (kind === "access") continue;
        this.wake();
        if (kind === "remove") break;
      }
    } catch { /* from now on everybody looks by themselves */ }
    if (this.#watcher !== watcher) return;
    this.#watcher = false;
    try {
      watcher.close();
    } catch { /* it has ended by itself */ }
  }
}
