/**
 * Starts one role: reads its configuration from standard input, sets logging up, and turns a signal
 * or the end of standard input (the supervisor is gone) into one AbortSignal.
 *
 * @module
 */
import { systemClock } from "../lib/clock.ts";
import type { Config } from "../lib/config_types.ts";
import { describeError, type Log, setupLogging } from "../lib/log.ts";
import type { JobContext } from "../lib/master_context.ts";
import { StateStore } from "../lib/state_store.ts";

/** What a role's own code receives. */
export interface RoleContext {
  readonly config: Config;
  readonly job: JobContext;
  readonly signal: AbortSignal;
}

const ALIVE_INTERVAL_MS = 1000;

/** Runs `start` as the role `name` and ends the process: exit code 0 after an orderly stop, else 1. */
export async function runRole(
  name: string,
  start: (context: RoleContext) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort(new Error("SIGTERM")));
  const config = await readConfig(stop);
  const log = setupLogging({
    role: name,
    pid: Deno.pid,
    level: config.log.level,
    format: "json",
    write: writeLine,
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("unexpected error", { error: event.reason, stack: event.reason?.stack });
    Deno.exit(1);
  });
  let code = 0;
  try {
    using store = await StateStore.open(config.stateDir);
    const job = createJobContext(name, log, store);
    await start({ config, job, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) {
      log.error("role failed", { error: describeError(error) });
      code = 1;
    }
  }
  Deno.exit(code);
}

function createJobContext(name: string, log: Log, store: StateStore): JobContext {
  let last = { at: 0, doing: "", problem: null as string | null };
  return {
    log,
    clock: systemClock,
    store,
    alive(doing, problem = null) {
      const at = systemClock.now();
      const due = at - last.at >= ALIVE_INTERVAL_MS || at < last.at;
      if (!due && problem === last.problem) return;
      last = { at, doing, problem };
      store.writeAlive(name, { at, pid: Deno.pid, doing, problem }).catch((error) => {
        log.warn("cannot write the sign of life", { error });
      });
    },
  };
}

function writeLine(line: string): void {
  const bytes = new TextEncoder().encode(line + "\n");
  for (let written = 0; written < bytes.length;) {
    try {
      written += Deno.stdout.writeSync(bytes.subarray(written));
    } catch {
      return; // the supervisor is gone, and with it the log
    }
  }
}

/** Reads the first line; goes on reading in the background and aborts `stop` at the end. */
async function readConfig(stop: AbortController): Promise<Config> {
  const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the configuration did not arrive on standard input");
    text += value;
  }
  (async () => {
    while (!(await reader.read()).done);
    stop.abort(new Error("the supervisor is gone"));
  })().catch((error) => stop.abort(error));
  return JSON.parse(text.slice(0, text.indexOf("\n")));
}
