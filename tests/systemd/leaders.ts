/** Who has led, and when nobody has: the history of the election key. @module */
import { Etcd3 } from "etcd3";
import { electionKey } from "../../lib/calico/keys.ts";

/** What became of the key: its holder's name, or null when it was given up; `at` is this process's clock, ms. */
export interface Leadership {
  readonly holder: string | null;
  readonly at: number;
}

/** Watches the key from now on; what it saw is in `history`. */
export class Leaders implements AsyncDisposable {
  readonly history: Leadership[] = [];
  readonly #etcd: Etcd3;
  readonly #stop: () => Promise<void>;

  private constructor(etcd: Etcd3, stop: () => Promise<void>) {
    this.#etcd = etcd;
    this.#stop = stop;
  }

  static async watch(url: string): Promise<Leaders> {
    const etcd = new Etcd3({ hosts: url });
    const watcher = await etcd.watch().key(electionKey(null)).create();
    const leaders = new Leaders(etcd, () => watcher.cancel());
    watcher.on("put", ({ value }) => leaders.#saw(holderOf(value.toString())));
    watcher.on("delete", () => leaders.#saw(null));
    return leaders;
  }

  #saw(holder: string | null): void {
    if (holder !== (this.history.at(-1)?.holder ?? null)) {
      this.history.push({ holder, at: performance.now() });
    }
  }

  /** The node that holds the key; null: none. */
  get holder(): string | null {
    return this.history.at(-1)?.holder ?? null;
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
    await this.#stop();
    this.#etcd.close();
  }
}

/** The key's value is `name:pid`. */
function holderOf(value: string): string {
  return value.split(":")[0]!;
}
