/** Who has led, and when nobody has: the history of the election key. @module */
import { Etcd3 } from "etcd3";
import { electionKey } from "../../lib/calico/keys.ts";
import { watchKeys } from "../support/etcd_events.ts";

/** What became of the key: its holder's name, or null when it was given up; `at` is this process's clock, ms. */
export interface Leadership {
  readonly holder: string | null;
  readonly at: number;
}

/** Watches the key from now on; what it saw is in `history`. */
export class Leaders implements AsyncDisposable {
  readonly history: Leadership[] = [];
  readonly #open = new AsyncDisposableStack();

  private constructor(readonly etcd: Etcd3) {}

  /** Begins once etcd has attached the watch. */
  static async watch(url: string): Promise<Leaders> {
    const etcd = new Etcd3({ hosts: url });
    const leaders = new Leaders(etcd);
    leaders.#open.adopt(etcd, () => etcd.close());
    const watch = await watchKeys(etcd, electionKey(null), ({ type, value }) => {
      leaders.#saw(type === "Put" ? holderOf(value) : null);
    });
    leaders.#open.use(watch);
    return leaders;
  }

  #saw(holder: string | null): void {
    if (holder !== (this.history.at(-1)?.holder ?? null)) {
      this.history.push({ holder, at: performance.now() });
    }
  }

  /** The node that holds the key, as far as the watch has told by now; null: none. To be waited for. */
  get holder(): string | null {
    return this.history.at(-1)?.holder ?? null;
  }

  /** The node that holds the key, as etcd itself says it now; null: none. */
  async ask(): Promise<string | null> {
    const value = await this.etcd.get(electionKey(null)).string();
    return value === null ? null : holderOf(value);
  }

  /** The longest time between a release and the next term, ms, among what was seen from `from` on. */
  longestGap(from = 0): number {
    const gaps = this.history.map(({ holder, at }, i) => {
      if (holder !== null || at < from) return 0;
      return (this.history[i + 1]?.at ?? performance.now()) - at;
    });
    return Math.max(0, ...gaps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

/** The key's value is `name:pid`. */
function holderOf(value: string): string {
  return value.split(":")[0]!;
}
