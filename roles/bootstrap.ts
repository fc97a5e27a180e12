/**
 * Starts one role: takes its seat, sets logging up, and ends the process with the right exit
 * code.
 *
 * @module
 */
import { systemClock } from "../lib/clock.ts";
import type { Config } from "../lib/config_types.ts";
import { describeError, type Log, setupLogging } from "../lib/log.ts";
import type { JobContext } from "../lib/master_context.ts";
import { StateStore } from "../lib/state_store.ts";
import { takeSeat } from "./seat.ts";
import { write } from "./write.ts";

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
  const seat = await takeSeat();
  const config = seat.input as Config;
  const log = setupLogging({
    role: name,
    pid: Deno.pid,
    level: config.log.level,
    format: "json",
    write: (line) => write(Deno.stdout, line + "\n"),
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("unexpected error", { error: event.reason, stack: event.reason?.stack });
    seat.exit(1);
  });
  let code = 0;
  try {
    using store = await StateStore.open(config.stateDir);
    const job = createJobContext(name, log, store);
    await start({ config, job, signal: seat.stop });
  } catch (error) {
    if (!seat.stop.aborted) {
      log.error("role failed", { error: describeError(error) });
      code = 1;
    }
  }
  seat.exit(code);
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
      const rssBytes = Deno.memoryUsage().rss;
      store.writeAlive(name, { at, pid: Deno.pid, doing, problem, rssBytes }).catch((error) => {
        log.warn("cannot write the sign of life", { error });
      });
    },
  };
}
