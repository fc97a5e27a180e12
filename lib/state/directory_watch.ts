/**
 * Watches the state directory under a running node. Its processes share one open KV file. When that is
 * deleted or replaced, the processes that run keep a file that no new process will see, so its records,
 * mastership included, must not be trusted for long. While the file takes no writes, because the disk is
 * full, no role can show a heartbeat.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { Outage } from "../base/outage.ts";
import { isDamaged } from "./sqlite_errors.ts";
import { KvTimeoutError } from "./kv.ts";
import { lockHolders } from "./lock_holders.ts";
import { LOCK_FILE } from "./directory_lock.ts";
import { KV_FILE } from "../process/state_files.ts";
import type { StateStore } from "./store.ts";

/** What a look found: `lost` means that everything has to be opened again. */
export type StateHealth =
  | { readonly is: "fine" }
  /** `heldBy`: processes that hold its lock while it does not answer. */
  | { readonly is: "unwritable"; readonly reason: string; readonly heldBy: ReadonlySet<number> }
  | { readonly is: "lost"; readonly reason: string };

/** Whose directory it is, and what looking needs. */
export interface WatchContext {
  readonly pid: number;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

const FILES = [KV_FILE, LOCK_FILE];
const NOBODY: ReadonlySet<number> = new Set();

/** Looks at one open state directory. */
export class StateWatch {
  #health: StateHealth = { is: "fine" };
  readonly #outage: Outage;

  private constructor(
    readonly path: string,
    readonly store: Pick<StateStore, "writeSupervisor">,
    readonly context: WatchContext,
    /** What each file was when the watch began. */
    readonly files: ReadonlyMap<string, string | null>,
  ) {
    this.#outage = new Outage("the state file takes writes again", context);
  }

  /** Begins a watch; to be called as soon as the directory is open. */
  static async begin(
    path: string,
    store: Pick<StateStore, "writeSupervisor">,
    context: WatchContext,
  ): Promise<StateWatch> {
    const files = new Map<string, string | null>();
    for (const name of FILES) files.set(name, await identity(`${path}/${name}`));
    return new StateWatch(path, store, context, files);
  }

  /** What the last look found. */
  get health(): StateHealth {
    return this.#health;
  }

  /** Looks, and says what has changed since the last time. */
  async look(): Promise<StateHealth> {
    const found = await this.#judge();
    const { log } = this.context;
    const before = this.#health;
    this.#health = found;
    const { path } = this;
    if (found.is === "fine") this.#outage.succeeded("look");
    else if (found.is === "lost") {
      const { reason } = found;
      const message = "the state file is lost, everything is started again";
      if (before.is !== found.is) log.warn(message, { path, reason });
    } else {
      const isHeld = found.heldBy.size > 0;
      this.#outage.failed("look", {
        message: isHeld
          ? "the state file does not answer: a process holds its lock and does not go on"
          : "the state file takes no writes: this node cannot lead; free space on its disk",
        fields: { path, reason: found.reason, ...(isHeld ? { heldBy: [...found.heldBy] } : {}) },
        level: "error",
        cause: isHeld ? "held" : found.is,
      });
    }
    return found;
  }

  async #judge(): Promise<StateHealth> {
    try {
      for (const [name, known] of this.files) {
        const now = await identity(`${this.path}/${name}`);
        if (now === known) continue;
        const what = now === null ? "was deleted" : "was replaced";
        return { is: "lost", reason: `${name} ${what}` };
      }
      const { clock, pid, node } = this.context;
      await this.store.writeSupervisor({ at: clock.now(), pid, node });
      return { is: "fine" };
    } catch (error) {
      const reason = describeError(error);
      if (isDamaged(error)) return { is: "lost", reason };
      const heldBy = error instanceof KvTimeoutError ? await lockHolders() : NOBODY;
      return { is: "unwritable", reason, heldBy };
    }
  }
}

/** Device and inode; null: there is no such file. */
async function identity(path: string): Promise<string | null> {
  try {
    const { dev, ino } = await Deno.lstat(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
