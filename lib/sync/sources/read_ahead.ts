/** Pages of Neutron's with the next one on its way while one is dealt with. @module */
import type { Listing } from "../../openstack/listing.ts";
import type { Kind } from "../model/kinds.ts";
import type { SyncRun } from "../apply/sync_run.ts";

/** What is read ahead. */
export interface ReadAheadOptions<T> {
  readonly kind: Kind;
  /** The pages; they end with the signal. */
  open(signal: AbortSignal): AsyncGenerator<Listing<T>>;
  /** Sees each page. */
  onPage(page: Listing<T>): void;
}

/**
 * The items of each page; the first is asked for at once. Whoever does not read to the end calls `return`, also
 * before the first page: then nothing is left running.
 */
export class ReadAhead<T> implements AsyncIterableIterator<T[]> {
  readonly #stop = new AbortController();
  readonly #pages: AsyncGenerator<Listing<T>>;
  #next: Promise<IteratorResult<Listing<T>>>;

  constructor(readonly run: SyncRun, readonly options: ReadAheadOptions<T>) {
    this.#pages = options.open(AbortSignal.any([run.term.signal, this.#stop.signal]));
    this.#next = this.#ask();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T[], undefined>> {
    const { run, options: { kind, onPage } } = this;
    try {
      const { value, done } = await run.timed(kind, "neutronReadMs", () => this.#next);
      if (done) return { done, value: undefined };
      run.deps.progress("reading Neutron");
      onPage(value);
      this.#next = this.#ask();
      return { done: false, value: value.items };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<T[], undefined>> {
    this.#stop.abort();
    await this.#pages.return(undefined).catch(() => {});
    return { done: true, value: undefined };
  }

  #ask(): Promise<IteratorResult<Listing<T>>> {
    const next = this.#pages.next();
    next.catch(() => {}); // it is awaited in its turn, if that comes
    return next;
  }
}
