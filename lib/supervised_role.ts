/**
 * One role's process, kept running: started, watched for signs of life, restarted after an end with
 * the delay of `restart_policy.ts`, stopped with SIGTERM and, when that is not enough, SIGKILL.
 *
 * The role's configuration, secrets included, is the first line on its standard input; the pipe
 * stays open, and its end tells the role that its supervisor is gone.
 *
 * @module
 */
import { parseEntry, readLines } from "./child_output.ts";
import type { Clock } from "./clock.ts";
import { describeError, type Log, type LogEntry } from "./log.ts";
import type { Launch } from "./launcher.ts";
import { takeRestart } from "./restart_request.ts";
import { afterEnd, CALM, type RestartHistory } from "./restart_policy.ts";
import type { RestartWish, RoleState } from "./state_records.ts";
import type { StateStore } from "./state_store.ts";

/** What a role's process is started with. */
export interface RoleSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Standard input: one line. */
  readonly input: string;
  /** With what it is started instead, once that is known; the role waits for it. */
  readonly later?: Promise<Launch>;
  /** Called after each end of the process, before it is started again. */
  onEnd?(): Promise<void>;
}

/** What a supervised role needs. */
export interface RoleDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly store: StateStore;
  readonly roleTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Receives the records that the role logs. */
  forward(entry: LogEntry): void;
  /** In [0, 1). */
  random(): number;
}

const WATCH_INTERVAL_MS = 250;

/** One role; `run` once. */
export class SupervisedRole {
  readonly spec: RoleSpec;
  readonly #deps: RoleDeps;
  #state: RoleState = {
    state: "starting",
    pid: null,
    startedAt: null,
    restarts: 0,
    lastEnd: null,
    nextStartAt: null,
  };
  #history: RestartHistory = CALM;
  /** The operator's wish that ended the process, until it is started again. */
  #wish: RestartWish | null = null;

  constructor(spec: RoleSpec, deps: RoleDeps) {
    this.spec = spec;
    this.#deps = deps;
  }

  /** Keeps the role running until `signal` aborts, then stops it; resolves when it is gone. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const launch = this.spec.later ? await unlessAborted(this.spec.later, signal) : this.spec;
    while (!signal.aborted && launch) {
      const startedAt = clock.now();
      const end = await this.#runOnce(launch, signal);
      await this.spec.onEnd?.();
      if (signal.aborted) break;
      if (await this.#startsOnWish()) continue;
      const next = afterEnd(this.#history, clock.now() - startedAt, this.#deps.random());
      this.#history = next.history;
      await this.#publish({
        state: "backoff",
        pid: null,
        restarts: this.#state.restarts + 1,
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

  /** Whether the process ended because an operator wished so, which is no crash. */
  async #startsOnWish(): Promise<boolean> {
    if (this.#wish === null) return false;
    const { by } = this.#wish;
    this.#wish = null;
    this.#history = CALM;
    await this.#publish({ state: "starting", pid: null, lastEnd: `restart asked for by ${by}` });
    return true;
  }

  /** Waits for the next start; an operator's wish ends the wait. */
  async #waitToStart(delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const due = clock.monotonic() + delayMs;
    while (!signal.aborted && clock.monotonic() < due) {
      if (await this.#takeWish()) {
        this.#history = CALM;
        this.#wish = null;
        return;
      }
      const step = Math.max(0, Math.min(WATCH_INTERVAL_MS, due - clock.monotonic()));
      await clock.sleep(step, signal).catch(() => {});
    }
  }

  /** Takes up an operator's wish to restart this role, and says so. */
  async #takeWish(): Promise<RestartWish | null> {
    const { store, clock, log } = this.#deps;
    this.#wish = await takeRestart(store, clock, this.spec.name).catch(() => null);
    if (this.#wish === null) return null;
    const { by } = this.#wish;
    log.info("role is restarted, as was asked for", { name: this.spec.name, by });
    await this.#event(`restart of ${this.spec.name} was asked for by ${by}`, "info");
    return this.#wish;
  }

  /** One process from start to end; tells why it ended. */
  async #runOnce(launch: Launch, signal: AbortSignal): Promise<string> {
    const { name } = this.spec;
    const { command, args, env, input } = launch;
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
    stdin.write(new TextEncoder().encode(input + "\n")).catch(() => {});
    const ended = new AbortController();
    const output = Promise.all([this.#forwardLog(child), this.#collectErrors(child)]);
    const watch = this.#watch(child, signal, ended.signal);
    const status = await child.status;
    ended.abort();
    const reason = await watch;
    await stdin.close().catch(() => {});
    const [, complaint] = await output;
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

  /** Watches signs of life and the wish to stop; resolves after the end with the reason, if ours. */
  async #watch(
    child: Deno.ChildProcess,
    stop: AbortSignal,
    ended: AbortSignal,
  ): Promise<string | null> {
    const { clock, store, roleTimeoutMs } = this.#deps;
    const startedAt = clock.now();
    const either = AbortSignal.any([stop, ended]);
    while (!either.aborted) {
      await clock.sleep(WATCH_INTERVAL_MS, either).catch(() => {});
      if (either.aborted) break;
      const alive = await store.readAlive(this.spec.name).catch(() => null);
      const lived = alive?.pid === child.pid ? alive.at : null;
      if (lived !== null && this.#state.state === "starting") {
        await this.#publish({ state: "running" });
      }
      if (await this.#takeWish()) {
        await this.#terminate(child, ended);
        return null;
      }
      const silentMs = clock.now() - (lived ?? startedAt);
      if (silentMs > roleTimeoutMs) {
        this.#deps.log.error("role shows no progress, is stopped", {
          name: this.spec.name,
          silentMs,
        });
        await this.#terminate(child, ended);
        return `no sign of life for ${Math.round(silentMs / 1000)} s`;
      }
    }
    if (!ended.aborted) await this.#terminate(child, ended);
    return null;
  }

  async #terminate(child: Deno.ChildProcess, ended: AbortSignal): Promise<void> {
    kill(child, "SIGTERM");
    await this.#deps.clock.sleep(this.#deps.stopTimeoutMs, ended).catch(() => {});
    if (ended.aborted) return;
    this.#deps.log.warn("role did not stop in time, is killed", {
      name: this.spec.name,
      timeoutMs: this.#deps.stopTimeoutMs,
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

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch { /* it has ended meanwhile */ }
}

/** What the promise gives, or null when the signal comes first or the promise fails with it. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise: stopped, resolve } = Promise.withResolvers<null>();
  const stop = () => resolve(null);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([promise.catch(() => stopped), stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
