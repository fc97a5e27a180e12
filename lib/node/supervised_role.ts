/**
 * One role, kept running: its process (`role_process.ts`) is started again after each end, with the delay
 * of `restart_policy.ts`, and at once when an operator asks for it.
 *
 * The role's configuration, secrets included, is the first line on its standard input; the pipe
 * stays open, and its end tells the role that its supervisor is gone.
 *
 * @module
 */
import { abortable } from "../base/abortable.ts";
import { describeError } from "../base/log.ts";
import type { Launch } from "../process/launcher.ts";
import type { StopGroup } from "../process/roles.ts";
import type { WriteLine } from "../state/page_feed.ts";
import { takeRestart } from "../state/restart_request.ts";
import { afterEnd, HEALTHY_MS, isCrashLoop } from "./restart_policy.ts";
import { describeRoleEnd, type RoleEnd } from "./role_end.ts";
import { RoleProcess, type RoleProcessDeps, type StopSignals } from "./role_process.ts";
import { WATCH_INTERVAL_MS } from "./silence.ts";
import type { RestartRequest, RoleState } from "../state/records.ts";

/** What a role's process is started with, and when it is stopped. */
export interface RoleSpec extends Launch {
  readonly name: string;
  readonly stopGroup: StopGroup;
  /** Identifies the versions of the files that it reads when it starts. */
  readonly files?: string;
  /** What it is started with instead; the role waits until this is known. */
  readonly later?: Promise<Launch>;
  /** Number of the search for endpoints that gives `later`: another search may find others. */
  readonly search?: number;
  /** Called with each new process: what writes further lines to its standard input. */
  onStart?(write: WriteLine): void;
  /** Called after each end of the process, before it is started again. */
  onEnd?(): Promise<void>;
}

/** What a supervised role needs. */
export interface RoleDeps extends RoleProcessDeps {
  /** In [0, 1). */
  random(): number;
}

/** One role; `run` once. */
export class SupervisedRole {
  #state: RoleState = {
    state: "starting",
    pid: null,
    startedAt: null,
    restarts: 0,
    failures: 0,
    lastEnd: null,
    nextStartAt: null,
  };
  /** How long the process has shown heartbeats, ms. */
  #healthyMs = 0;
  #turnedAt: number;
  /** Whether it was said that it ends again and again. */
  #inCrashLoop = false;

  constructor(readonly spec: RoleSpec, readonly deps: RoleDeps) {
    this.#turnedAt = deps.clock.monotonic();
  }

  /** What the supervisor knows of it. */
  get state(): RoleState {
    return this.#state;
  }

  /** When its watch last made progress, monotonic ms; Infinity while what to start is not known. */
  get turnedAt(): number {
    return this.#turnedAt;
  }

  /**
   * Keeps the role running until `signal` aborts, then stops it; resolves when it is gone.
   *
   * @param hurry ends the patience with a role that stops
   */
  async run(signal: AbortSignal, hurry?: AbortSignal): Promise<void> {
    const { log } = this.deps;
    const launch = await this.#whatToStart(signal);
    while (!signal.aborted && launch) {
      const end = await this.#runOnce(launch, { stop: signal, hurry });
      await this.spec.onEnd?.().catch((error) => {
        log.warn("what follows a role's end failed", { name: this.spec.name, error });
      });
      if (signal.aborted) break;
      if (end.why !== "request") await this.#backOff(end, signal);
      else { // which is no crash
        const lastEnd = describeRoleEnd(end);
        await this.#publish({ state: "starting", pid: null, failures: 0, lastEnd });
      }
    }
    await this.#publish({ state: "stopped", pid: null, nextStartAt: null });
  }

  /** Notes an end that nobody asked for, and waits for the next start. */
  async #backOff(end: RoleEnd, signal: AbortSignal): Promise<void> {
    const { log, clock, random } = this.deps;
    const { name } = this.spec;
    const { failures, delayMs } = afterEnd(this.#state.failures, this.#healthyMs, random());
    const lastEnd = describeRoleEnd(end);
    await this.#publish({
      state: "backoff",
      pid: null,
      restarts: this.#state.restarts + 1,
      failures,
      lastEnd,
      nextStartAt: clock.now() + delayMs,
    });
    log.warn("role ended, will be restarted", { name, end: lastEnd, delayMs });
    if (isCrashLoop({ failures }) && !this.#inCrashLoop) {
      this.#inCrashLoop = true;
      log.error("role ends again and again, and does not do its work", { name, end: lastEnd });
    }
    await this.#event(`${name} ended (${lastEnd}); next start in ${delayMs} ms`);
    await this.#waitToStart(delayMs, signal);
  }

  async #whatToStart(signal: AbortSignal): Promise<Launch | null> {
    if (!this.spec.later) return this.spec;
    this.#turnedAt = Infinity;
    // The search fails only when it is given up, and then this role is stopped.
    const found = this.spec.later.catch(() => new Promise<never>(() => {}));
    const launch = await abortable(found, signal).catch(() => null);
    this.#turnedAt = this.deps.clock.monotonic();
    return launch;
  }

  /** Waits for the next start; an operator's request ends the wait. */
  async #waitToStart(delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock, store } = this.deps;
    const due = clock.monotonic() + delayMs;
    while (!signal.aborted && clock.monotonic() < due) {
      this.#turnedAt = clock.monotonic();
      const seen = store.changes.count;
      if (await this.#takeRequest()) {
        await this.#publish({ failures: 0 });
        return;
      }
      const step = Math.max(0, Math.min(WATCH_INTERVAL_MS, due - clock.monotonic()));
      await store.changes.after(seen, step, clock, signal);
    }
  }

  /** Takes up an operator's request to restart this role, and says so. */
  async #takeRequest(): Promise<RestartRequest | null> {
    const { store, clock, log } = this.deps;
    const request = await takeRestart(store, clock, this.spec.name).catch(() => null);
    if (request === null) return null;
    log.info("role is restarted, as was asked for", { name: this.spec.name, by: request.by });
    return request;
  }

  /** One process from start to end; tells why it ended. */
  async #runOnce(launch: Launch, signals: StopSignals): Promise<RoleEnd> {
    const { name } = this.spec;
    const { store, clock, log } = this.deps;
    this.#healthyMs = 0;
    const earlier = await store.readAlive(name).catch(() => null);
    let process: RoleProcess;
    try {
      process = new RoleProcess(name, launch, earlier?.at ?? null, this.deps);
    } catch (error) {
      return { why: "not-started", problem: describeError(error) };
    }
    const { pid } = process;
    await this.#publish({ state: "starting", pid, startedAt: clock.now(), nextStartAt: null });
    log.debug("role started", { name, rolePid: pid });
    this.spec.onStart?.(process.tell);
    return await process.run({
      onTurn: () => this.#turnedAt = clock.monotonic(),
      onHealthy: (healthyMs) => this.#noteHealth(healthyMs),
      takeRequest: () => this.#takeRequest(),
    }, signals);
  }

  /** Publishes that the role runs, and that it is healthy again. */
  async #noteHealth(healthyMs: number): Promise<void> {
    this.#healthyMs = healthyMs;
    if (this.#state.state === "starting") await this.#publish({ state: "running" });
    if (healthyMs < HEALTHY_MS || this.#state.failures === 0) return;
    await this.#publish({ failures: 0 });
    if (this.#inCrashLoop) this.deps.log.info("role works again", { name: this.spec.name });
    this.#inCrashLoop = false;
  }

  async #publish(change: Partial<RoleState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await this.deps.store.writeRole(this.spec.name, this.#state).catch((error) => {
      this.deps.log.warn("cannot write the state of a role", { name: this.spec.name, error });
    });
  }

  async #event(message: string): Promise<void> {
    const event = { at: this.deps.clock.now(), level: "warn", message } as const;
    await this.deps.store.addEvent("supervisor", event).catch(() => {});
  }
}
