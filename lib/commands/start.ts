/** `start`: runs the node until SIGINT, SIGTERM or SIGHUP. @module */
import { systemClock } from "../clock.ts";
import type { Config } from "../config_types.ts";
import { dropPermissions } from "../drop_permissions.ts";
import { pageUrl } from "../diagnostics/page_url.ts";
import { formatJson, formatText, type Log, type LogEntry, passes, setupLogging } from "../log.ts";
import { machinePlaces } from "../machine_places.ts";
import { awaitsEndpoints, locateEndpoints } from "../endpoints.ts";
import { processNames, roleSpecs } from "../role_specs.ts";
import type { StateStore } from "../state_store.ts";
import { openStateDir } from "../state_dir.ts";
import { runSupervisor } from "../supervisor.ts";
import { VERSION } from "../version.ts";
import type { Command } from "./context.ts";

/** What the supervisor can do without once it knows its configuration; from source it never had most. */
const NOT_NEEDED = ["net", "ffi", "import", "env", { sys: "hostname" }, {
  sys: "getPriority",
}] as const;

export const run: Command = async ({ resolve, launcher, pid, print, onSignal }) => {
  const { config, warnings } = resolve();
  await dropPermissions(NOT_NEEDED);
  const log = setupLogging({ role: "supervisor", pid, ...config.log, write: print });
  for (const warning of warnings) log.warn(warning);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    onSignal(signal, () => stop.abort(signal));
  }
  using state = await openStateDir(config.stateDir, pid, log);
  const places = await machinePlaces(config, launcher, log);
  announce(config, log);
  const { clock, store } = { clock: systemClock, store: state.store };
  const located = processNames(config).some((name) => awaitsEndpoints(name, config))
    ? locateEndpoints(
      config,
      { launcher, places, log, clock, signal: stop.signal },
      (problem) => tellWaiting(config, store, problem),
    )
    : Promise.resolve(config);
  located.catch(() => {}); // the node stops
  const specs = roleSpecs(config, places, launcher, located);
  await runSupervisor(specs, {
    log,
    clock,
    store,
    roleTimeoutMs: config.supervision.roleTimeoutMs,
    stopTimeoutMs: config.supervision.stopTimeoutMs,
    forward: (entry) => forward(entry, config, print),
    random: Math.random,
  }, stop.signal);
  log.info("stopped", { reason: String(stop.signal.reason) });
  return 0;
};

/** The page shows what roles wait for before they have a process that could say it. */
async function tellWaiting(
  config: Config,
  store: StateStore,
  problem: string | null,
): Promise<void> {
  if (problem === null) return;
  const alive = { at: systemClock.now(), pid: 0, doing: "not started yet", problem };
  const names = processNames(config).filter((name) => awaitsEndpoints(name, config));
  await Promise.all(names.map((name) => store.writeAlive(name, alive))).catch(() => {});
}

function announce(config: Config, log: Log): void {
  log.info("starting", {
    version: VERSION,
    node: config.nodeName,
    stateDir: config.stateDir,
    etcd: config.etcd.endpoints.join(","),
    neutron: config.openstack.neutronUrl || "by Keystone's catalogue",
    lab: config.lab.enabled,
    page: pageUrl(config.diagnostics),
  });
}

/** Prints a role's record in the configured format. */
function forward(entry: LogEntry, { log }: Config, print: (line: string) => void): void {
  if (passes(entry.level, log.level)) {
    print(log.format === "json" ? formatJson(entry) : formatText(entry));
  }
}
