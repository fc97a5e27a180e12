/**
 * One process of a role from its start to its end: its output is passed on, its heartbeats are watched, and
 * it is stopped with SIGTERM and, when that is not enough, SIGKILL.
 *
 * @module
 */
import { deadline } from "../base/deadline.ts";
import type { Log, LogEntry } from "../base/log.ts";
import { Child } from "../process/child.ts";
import {
  isNoise,
  isStackFrame,
  parseRecord,
  readLines,
  type Said,
} from "../process/child_output.ts";
import type { Launch } from "../process/launcher.ts";
import type { WriteLine } from "../state/page_feed.ts";
import type { RestartRequest } from "../state/records.ts";
import type { RoleEnd } from "./role_end.ts";
import { Silence, type SilenceDeps, WATCH_INTERVAL_MS } from "./silence.ts";

/** What a role's process needs of the supervisor. */
export interface RoleProcessDeps extends SilenceDeps {
  readonly log: Log;
  readonly stopTimeoutMs: number;
  /** Receives the records that the role logs. */
  forward(entry: LogEntry): void;
}

/** What is done at each look at it. */
export interface RoleProcessHooks {
  /** The watch makes progress. */
  onTurn(): void;
  /** It shows heartbeats, since so many ms. */
  onHealthy(healthyMs: number): Promise<void>;
  /** An operator's request to restart it, which is taken up by that; null: there is none. */
  takeRequest(): Promise<RestartRequest | null>;
}

/** What ends a process that runs. */
export interface StopSignals {
  /** It is to stop. */
  readonly stop: AbortSignal;
  /** A stop no longer waits for the process: it is killed. */
  readonly hurry?: AbortSignal;
}

/** Why a process that runs is stopped, but for the node's stop. */
type Why = RoleEnd & { readonly why: "silent" | "request" };

/** What a process that has ended has written is read for so long at most, ms. */
const LAST_WORDS_MS = 2000;
/** Between looks for a role's first heartbeat, ms. */
const FIRST_LOOKS_MS = 100;

/** One process; `run` once. */
export class RoleProcess {
  readonly #child: Child;
  readonly #ended = new AbortController();

  /**
   * Starts it.
   *
   * @param earlier time of the last heartbeat from before, which may have come from the same pid; or null
   * @throws what {@linkcode Child} throws.
   */
  constructor(
    readonly name: string,
    launch: Launch,
    readonly earlier: number | null,
    readonly deps: RoleProcessDeps,
  ) {
    // Signals to the process group (Ctrl-C, a closed terminal) are the supervisor's to pass on.
    this.#child = new Child(launch, { detached: true });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Writes a further line to its standard input. */
  readonly tell: WriteLine = (line) => this.#child.tell(line);

  /** Watches it to its end, and tells why it ended. */
  async run(hooks: RoleProcessHooks, signals: StopSignals): Promise<RoleEnd> {
    const output = Promise.all([this.#readErrors(), this.#readLog()]);
    const watching = this.#watch(hooks, signals);
    const { signal, code } = await this.#child.ended();
    this.#ended.abort();
    const why = await watching;
    // A process of its own may hold its pipes open.
    const { clock } = this.deps;
    const words = await deadline(output, LAST_WORDS_MS, () => null, { clock });
    const complaint = words?.[0] ?? null;
    if (why) return why.why === "silent" ? { ...why, complaint } : why;
    return signal ? { why: "signal", signal, complaint } : { why: "exit", code, complaint };
  }

  async #readLog(): Promise<void> {
    for await (const line of readLines(this.#child.output)) {
      const record = parseRecord(line);
      if (record) this.#forward(record);
      else if (line.trim() !== "") this.#forward({ level: "INFO", message: line, fields: {} });
    }
  }

  #readErrors(): Promise<string | null> {
    return this.#child.readErrors((line) => {
      if (isNoise(line)) return;
      this.#forward({ level: isStackFrame(line) ? "DEBUG" : "WARN", message: line, fields: {} });
    });
  }

  /** Whatever its text says, it is this process that has said it, now. */
  #forward({ level, message, fields }: Said): void {
    const time = new Date(this.deps.clock.now()).toISOString();
    this.deps.forward({ time, level, role: this.name, pid: this.pid, message, fields });
  }

  /** Waits until it has ended or has been told to; resolves to why, when that was its silence or a request. */
  async #watch(hooks: RoleProcessHooks, { stop, hurry }: StopSignals): Promise<Why | null> {
    const { log, store, clock } = this.deps;
    const either = AbortSignal.any([stop, this.#ended.signal]);
    const silence = new Silence(this.deps, this);
    let why: Why | null = null;
    let seen = store.changes.count;
    while (why === null && !either.aborted) {
      hooks.onTurn();
      const waitMs = silence.healthyMs === null ? FIRST_LOOKS_MS : WATCH_INTERVAL_MS;
      await store.changes.after(seen, waitMs, clock, either);
      if (either.aborted) break;
      seen = store.changes.count;
      const [request] = await Promise.all([hooks.takeRequest(), silence.look()]);
      if (silence.healthyMs !== null) await hooks.onHealthy(silence.healthyMs);
      if (request) why = { why: "request", by: request.by };
      else if (silence.tooLong) {
        const { ms: silentMs, doing } = silence;
        log.warn("role shows no progress, is stopped", { name: this.name, silentMs, doing });
        why = { why: "silent", silentMs, doing, complaint: null };
      }
    }
    if (!this.#ended.signal.aborted) await this.#terminate(hurry);
    return why;
  }

  async #terminate(hurry?: AbortSignal): Promise<void> {
    const { clock, stopTimeoutMs: timeoutMs, log } = this.deps;
    const ended = this.#ended.signal;
    const toldAt = clock.monotonic();
    this.#child.kill("SIGTERM");
    const over = hurry ? AbortSignal.any([ended, hurry]) : ended;
    await clock.sleep(timeoutMs, over).catch(() => {});
    if (ended.aborted) return;
    const { name } = this;
    const waitedMs = Math.round(clock.monotonic() - toldAt);
    if (hurry?.aborted) {
      log.warn("role is killed: the node was told a second time to stop", { name, waitedMs });
    } else log.warn("role did not stop in time, is killed", { name, waitedMs, timeoutMs });
    this.#child.kill("SIGKILL");
  }
}
