/**
 * One role's process, kept running: started, watched for heartbeats, restarted after an end with
 * the delay of `restart_policy.ts`, stopped with SIGTERM and, when that is not enough, SIGKILL.
 *
 * The role's configuration, secrets included, is the first line on its standard input; the pipe
 * stays open, and its end tells the role that its supervisor is gone.
 *
 * @module
 */
import { abortable } from "../base/abortable.ts";
import { deadline } from "../base/deadline.ts";
import { parseEntry, readLines } from "../process/child_output.ts";
import { describeError, type Log, type LogEntry } from "../base/log.ts";
import type { Launch } from "../process/launcher.ts";
import type { WriteLine } from "../state/page_feed.ts";
import { takeRestart } from "../state/restart_request.ts";
import { afterEnd, CALM, HEALTHY_MS, type RestartHistory } from "./restart_policy.ts";
import { Silence, type SilenceDeps, WATCH_INTERVAL_MS } from "./silence.ts";
import type { RestartRequest, RoleState } from "../state/records.ts";

/** What a role's process is started with. */
export interface RoleSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Standard input: one line. */
  readonly input: string;
  /** Tells versions of the files that it reads at its start apart. */
  readonly files?: string;
  /** With what it is started instead, once that is known; the role waits for it. */
  readonly later?: Promise<Launch>;
  /** Which search for endpoints `later` comes of: another one may find others. */
  readonly search?: number;
  /** Called with each new process: what writes further lines to its standard input. */
  onStart?(write: WriteLine): void;
  /** Called after each end of the process, before it is started again. */
  onEnd?(): Promise<void>;
}

/** What a supervised role needs. */
export interface RoleDeps extends SilenceDeps {
  readonly log: Log;
  readonly stopTimeoutMs: number;
  /** Receives the records that the role logs. */
  forward(entry: LogEntry): void;
  /** In [0, 1). */
  random(): number;
}

/** What a process that has ended has written is read for so long at most, ms. */
const LAST_WORDS_MS = 2000;

/** Between looks for a role's first heartbeat, ms. */
const FIRST_LOOKS_MS = 100;

/** One role; `run` once. */
export class SupervisedRole {
  readonly spec: RoleSpec;
  readonly #deps: RoleDeps;
  #state: RoleState = {
    state: "starting",
    pid: null,
    startedAt: null,
    restarts: 0,
    failures: 0,
    lastEnd: null,
    nextStartAt: null,
  };
  #history: RestartHistory = CALM;
  /** The operator's request that ended the process, until it is started again. */
  #request: RestartRequest | null = null;
  /** How long the process has shown heartbeats, ms. */
  #healthyMs = 0;
  #turnedAt: number;

  constructor(spec: RoleSpec, deps: RoleDeps) {
    this.spec = spec;
    this.#deps = deps;
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
    const { clock, log } = this.#deps;
    const launch = await this.#whatToStart(signal);
    while (!signal.aborted && launch) {
      const end = await this.#runOnce(launch, signal, hurry);
      await this.spec.onEnd?.().catch((error) => {
        log.warn("what follows a role's end failed", { name: this.spec.name, error });
      });
      if (signal.aborted) break;
      if (await this.#startsOnRequest()) continue;
      const next = afterEnd(this.#history, this.#healthyMs, this.#deps.random());
      this.#history = next.history;
      await this.#publish({
        state: "backoff",
        pid: null,
        restarts: this.#state.restarts + 1,
        failures: next.history.failures,
        lastEnd: end,
        nextStartAt: clock.now() + next.delayMs,
      });
      log.warn("role ended, will be restarted", {
        name: this.spec.name,
        end,
        delayMs: next.delayMs,
      });
      await this.#event(`${this.spec.name} ended (${end}); next start in ${next.delayMs} ms`);
      await this.#waitToStart(next.delayMs, signal);
    }
    await this.#publish({ state: "stopped", pid: null, nextStartAt: null });
  }

  async #whatToStart(signal: AbortSignal): Promise<Launch | null> {
    if (!this.spec.later) return this.spec;
    this.#turnedAt = Infinity;
    // It fails only when it is given up, and then the role is stopped.
    const found = this.spec.later.catch(() => new Promise<never>(() => {}));
    const launch = await abortable(found, signal).catch(() => null);
    this.#turnedAt = this.#deps.clock.monotonic();
    return launch;
  }

  /** Whether the process ended because an operator asked for it, which is no crash. */
  async #startsOnRequest(): Promise<boolean> {
    if (this.#request === null) return false;
    const { by } = this.#request;
    this.#request = null;
    this.#history = CALM;
    const lastEnd = `restart asked for by ${by}`;
    await this.#publish({ state: "starting", pid: null, failures: 0, lastEnd });
    return true;
  }

  /** Waits for the next start; an operator's request ends the wait. */
  async #waitToStart(delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock, store } = this.#deps;
    const due = clock.monotonic() + delayMs;
    while (!signal.aborted && clock.monotonic() < due) {
      this.#turnedAt = clock.monotonic();
      const seen = store.changes.count;
      if (await this.#takeRequest()) {
        this.#history = CALM;
        this.#request = null;
        await this.#publish({ failures: 0 });
        return;
      }
      const step = Math.max(0, Math.min(WATCH_INTERVAL_MS, due - clock.monotonic()));
      await store.changes.after(seen, step, clock, signal);
    }
  }

  /** Takes up an operator's request to restart this role, and says so. */
  async #takeRequest(): Promise<RestartRequest | null> {
    const { store, clock, log } = this.#deps;
    this.#request = await takeRestart(store, clock, this.spec.name).catch(() => null);
    if (this.#request === null) return null;
    const { by } = this.#request;
    log.info("role is restarted, as was asked for", { name: this.spec.name, by });
    await this.#event(`restart of ${this.spec.name} was asked for by ${by}`, "info");
    return this.#request;
  }

  /** One process from start to end; tells why it ended. */
  async #runOnce(launch: Launch, signal: AbortSignal, hurry?: AbortSignal): Promise<string> {
    const { name } = this.spec;
    const { command, args, env, input } = launch;
    this.#healthyMs = 0;
    const earlier = await this.#deps.store.readAlive(name).catch(() => null);
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(command, {
        args: [...args],
        env: { ...env },
        clearEnv: true,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        // Signals to the process group (Ctrl-C, a closed terminal) are the supervisor's to pass on.
        detached: true,
      }).spawn();
    } catch (error) {
      return `could not be started: ${describeError(error)}`;
    }
    await this.#publish({
      state: "starting",
      pid: child.pid,
      startedAt: this.#deps.clock.now(),
      nextStartAt: null,
    });
    this.#deps.log.debug("role started", { name, rolePid: child.pid });
    const stdin = child.stdin.getWriter();
    const say: WriteLine = (line) => stdin.write(new TextEncoder().encode(line + "\n"));
    say(input).catch(() => {});
    this.spec.onStart?.(say);
    const ended = new AbortController();
    const output = Promise.all([this.#forwardLog(child), this.#collectErrors(child)]);
    const watch = this.#watch(child, earlier?.at ?? null, {
      stop: signal,
      ended: ended.signal,
      hurry,
    });
    const status = await child.status;
    ended.abort();
    const reason = await watch;
    await stdin.close().catch(() => {});
    const complaint = await this.#lastWords(output);
    const how = status.signal ? `killed by ${status.signal}` : `exit code ${status.code}`;
    return [reason ?? how, complaint].filter(Boolean).join(": ");
  }

  async #forwardLog(child: Deno.ChildProcess): Promise<void> {
    for await (const line of readLines(child.stdout)) {
      const entry = parseEntry(line);
      if (entry) this.#deps.forward(entry);
      else if (line.trim() !== "") this.#raw(child.pid, "INFO", line);
    }
  }

  /** Shows what comes on standard error and returns its first `error:` line, the reason of a crash. */
  async #collectErrors(child: Deno.ChildProcess): Promise<string | null> {
    let complaint: string | null = null;
    for await (const line of readLines(child.stderr)) {
      if (line.trim() === "" || /^(Download|Check|Initialize) /.test(line)) continue;
      if (/^error:/.test(line)) complaint ??= line.slice("error:".length).trim();
      this.#raw(child.pid, /^\s+at /.test(line) ? "DEBUG" : "WARN", line);
    }
    return complaint;
  }

  #raw(pid: number, level: string, message: string): void {
    const time = new Date(this.#deps.clock.now()).toISOString();
    this.#deps.forward({ time, level, role: this.spec.name, pid, message, fields: {} });
  }

  /** The reason that the process gave; its pipes may be held open by a process of its own. */
  async #lastWords(output: Promise<[void, string | null]>): Promise<string | null> {
    const { clock } = this.#deps;
    const words = await deadline(output, LAST_WORDS_MS, () => null, { clock });
    return words?.[1] ?? null;
  }

  /** Watches heartbeats and the request to stop; resolves after the end with the reason, if ours. */
  async #watch(
    child: Deno.ChildProcess,
    earlier: number | null,
    signals: WatchSignals,
  ): Promise<string | null> {
    const { clock, log, store } = this.#deps;
    const either = AbortSignal.any([signals.stop, signals.ended]);
    const silence = new Silence(this.#deps, { name: this.spec.name, pid: child.pid, earlier });
    let seen = store.changes.count;
    while (!either.aborted) {
      this.#turnedAt = clock.monotonic();
      const first = silence.healthyMs === null;
      const waitMs = first ? FIRST_LOOKS_MS : WATCH_INTERVAL_MS;
      await store.changes.after(seen, waitMs, clock, either);
      if (either.aborted) break;
      seen = store.changes.count;
      const [request] = await Promise.all([this.#takeRequest(), silence.look()]);
      await this.#noteHealth(silence);
      if (request) {
        await this.#terminate(child, signals);
        return null;
      }
      if (silence.tooLong) {
        const { ms: silentMs, doing } = silence;
        log.error("role shows no progress, is stopped", { name: this.spec.name, silentMs, doing });
        await this.#terminate(child, signals);
        const last = doing === null ? "" : `, the last one: ${doing}`;
        return `no heartbeat for ${Math.round(silentMs / 1000)} s${last}`;
      }
    }
    if (!signals.ended.aborted) await this.#terminate(child, signals);
    return null;
  }

  /** Publishes that the role runs, and that it is healthy again. */
  async #noteHealth({ healthyMs }: Silence): Promise<void> {
    if (healthyMs === null) return;
    this.#healthyMs = healthyMs;
    if (this.#state.state === "starting") await this.#publish({ state: "running" });
    if (healthyMs < HEALTHY_MS || this.#history === CALM) return;
    this.#history = CALM;
    await this.#publish({ failures: 0 });
  }

  async #terminate(child: Deno.ChildProcess, { ended, hurry }: WatchSignals): Promise<void> {
    const { clock, stopTimeoutMs, log } = this.#deps;
    kill(child, "SIGTERM");
    const over = hurry ? AbortSignal.any([ended, hurry]) : ended;
    await clock.sleep(stopTimeoutMs, over).catch(() => {});
    if (ended.aborted) return;
    log.warn("role did not stop in time, is killed", {
      name: this.spec.name,
      timeoutMs: stopTimeoutMs,
    });
    kill(child, "SIGKILL");
  }

  async #publish(change: Partial<RoleState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await this.#deps.store.writeRole(this.spec.name, this.#state).catch((error) => {
      this.#deps.log.warn("cannot write the state of a role", { name: this.spec.name, error });
    });
  }

  async #event(message: string, level: "info" | "warn" = "warn"): Promise<void> {
    const event = { at: this.#deps.clock.now(), level, message };
    await this.#deps.store.addEvent("supervisor", event).catch(() => {});
  }
}

/** What ends watching a process. */
interface WatchSignals {
  /** It is to stop. */
  readonly stop: AbortSignal;
  /** It has ended. */
  readonly ended: AbortSignal;
  /** It is to be killed if it stops. */
  readonly hurry?: AbortSignal;
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch { /* it has ended meanwhile */ }
}
