/**
 * Whether a term may write by itself. With `startup_resync` "never" it only watches at first, until the
 * first full resync that an operator asks for has succeeded; that is remembered with the term, so that a
 * syncer that is restarted in it goes on.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import type { JobContext, Term } from "../role/master_context.ts";

/** Tells whether the syncer of a term only watches. */
export class Watching {
  readonly #over = Promise.withResolvers<void>();
  #on: boolean;
  /** Differences that the last comparison has found; null: there was none yet. */
  found: number | null = null;

  constructor(
    startupResync: Config["sync"]["startupResync"],
    readonly term: Term,
    readonly context: Pick<JobContext, "store" | "log">,
  ) {
    this.#on = startupResync === "never";
    if (!this.#on || term.signal.aborted) this.#over.resolve();
    term.signal.addEventListener("abort", () => this.#over.resolve(), { once: true });
  }

  /** Nothing may be written but what is asked for. */
  get on(): boolean {
    return this.#on;
  }

  /** What the syncer does meanwhile, for people. */
  get doing(): string {
    if (this.found === null) return "watching only";
    return `watching only: ${this.found} ${this.found === 1 ? "difference" : "differences"}`;
  }

  /** Looks whether an operator has asked in this term already. */
  async begin(): Promise<void> {
    const released = await this.context.store.readReleased();
    const { term, id } = this.term;
    if (released?.term !== term || released.id !== id) return;
    this.#on = false;
    this.#over.resolve();
  }

  /** A full resync that was asked for has succeeded. */
  async end(): Promise<void> {
    if (!this.#on) return;
    this.#on = false;
    this.#over.resolve();
    const { store, log } = this.context;
    const { term, id } = this.term;
    log.info("an operator has asked for a resync: from now on changes are written by themselves");
    await store.writeReleased({ term, id }).catch((error) => {
      log.warn("a restart of this role would only watch again", { error });
    });
  }

  /** Resolves when it is over, or the term is. */
  async over(): Promise<void> {
    await this.#over.promise;
  }
}
