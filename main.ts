/**
 * calico-conductor: the leader-only jobs of Calico's OpenStack driver, one process per job.
 *
 * This process is the command line and the supervisor: it reads the configuration, spawns one
 * subprocess per role with the permissions of `lib/permissions.ts`, watches and restarts them, and
 * stops them in order. It has no network.
 *
 * Exit codes: 0 done, 1 failed, 2 usage or configuration.
 *
 * @module
 */
import { helpText, type NodeCommand, parseCommandLine } from "./lib/command_line.ts";
import { formatEffective, resolveConfig, type ResolvedConfig } from "./lib/config.ts";
import type { Config } from "./lib/config_types.ts";
import { formatStatus } from "./lib/diagnostics/status_text.ts";
import { readStatus } from "./lib/diagnostics/status.ts";
import {
  hostAddresses,
  hostAndPort,
  lookUp,
  namesToLookUp,
  parseHosts,
  parseNameServers,
} from "./lib/host_addresses.ts";
import { systemClock } from "./lib/clock.ts";
import {
  describeError,
  formatJson,
  formatText,
  type Log,
  type LogEntry,
  passes,
  setupLogging,
} from "./lib/log.ts";
import type { PermissionPlaces } from "./lib/permissions.ts";
import { roleSpecs } from "./lib/role_specs.ts";
import { openStateDir } from "./lib/state_dir.ts";
import { KV_FILE, StateStore } from "./lib/state_store.ts";
import { requestStepDown } from "./lib/step_down.ts";
import { formatReport, ProgressBar, reportOf } from "./lib/resync_report.ts";
import { followResync, requestResync } from "./lib/resync_request.ts";
import { runSupervisor } from "./lib/supervisor.ts";
import { VERSION } from "./lib/version.ts";

const LOOKUP_TIMEOUT_MS = 5000;

async function main(args: string[]): Promise<number> {
  try {
    const parsed = parseCommandLine(args);
    if (parsed.command === "help") return print(helpText());
    if (parsed.command === "version") return print(`calico-conductor ${VERSION}`);
    const resolved = resolve(parsed);
    switch (parsed.command) {
      case "config":
        return print(formatEffective(resolved.effective));
      case "resync":
        return await resync(resolved.config, parsed);
      case "step-down":
        return await stepDown(resolved.config, parsed.pauseSeconds);
      case "status":
        return await status(resolved.config, parsed.output);
      case "start":
        return await start(resolved);
    }
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    write(Deno.stderr, `calico-conductor: ${error instanceof Error ? error.message : error}\n`);
    return name === "UsageError" || name === "ConfigError" ? 2 : 1;
  }
}

/** The configuration from flags, environment, files and defaults. */
function resolve(parsed: NodeCommand): ResolvedConfig {
  return resolveConfig({
    flags: parsed.flags,
    env: Deno.env.toObject(),
    files: parsed.configFiles.map((path) => ({ path, text: readConfigFile(path) })),
    hostname: Deno.hostname(),
  });
}

function readConfigFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new Error(`cannot read --config-file ${path}: ${describeError(error)}`);
  }
}

/** Runs the node until SIGINT or SIGTERM. */
async function start({ config, warnings }: ResolvedConfig): Promise<number> {
  const log = setupLogging({ role: "supervisor", pid: Deno.pid, ...config.log, write: printLine });
  for (const warning of warnings) log.warn(warning);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => stop.abort(signal));
  }
  using state = await openStateDir(config.stateDir, Deno.pid, log);
  const specs = roleSpecs(config, await places(config, log), {
    executable: Deno.execPath(),
    root: import.meta.dirname!,
    environment: Deno.env.toObject(),
  });
  announce(config, log);
  await runSupervisor(specs, {
    log,
    clock: systemClock,
    store: state.store,
    roleTimeoutMs: config.supervision.roleTimeoutMs,
    stopTimeoutMs: config.supervision.stopTimeoutMs,
    forward: (entry) => forward(entry, config),
    random: Math.random,
  }, stop.signal);
  log.info("stopped", { reason: String(stop.signal.reason) });
  return 0;
}

function announce(config: Config, log: Log): void {
  const { host, port } = config.diagnostics;
  log.info("starting", {
    version: VERSION,
    node: config.nodeName,
    stateDir: config.stateDir,
    etcd: config.etcd.endpoints.join(","),
    neutron: config.openstack.neutronUrl,
    lab: config.lab.enabled,
    page: `http://${hostAndPort(host, port)}`,
  });
}

/** Prints what the node's processes have said of themselves. */
async function status(config: Config, output: "text" | "json"): Promise<number> {
  using store = await openExisting(config);
  const node = { name: config.nodeName, version: VERSION };
  const report = await readStatus(store, node, systemClock);
  return print(output === "json" ? JSON.stringify(report, null, 2) : formatStatus(report));
}

/** Asks the running master for a resync and follows it; exit code 1 when it fails. */
async function resync(config: Config, { resync, output }: NodeCommand): Promise<number> {
  using store = await openExisting(config);
  const id = await requestResync(store, systemClock, { ...resync, by: "the command line" });
  const bar = new ProgressBar(output === "text" && Deno.stderr.isTerminal(), (text) => {
    write(Deno.stderr, text);
  });
  const answer = await followResync(store, systemClock, id, ({ doing }) => bar.show(doing));
  bar.end();
  if (output === "json") print(JSON.stringify(reportOf(answer), null, 2));
  else {
    if (answer.differences) print(readOr(`${config.stateDir}/${answer.differences}`, ""));
    print(formatReport(answer, resync.dryRun));
  }
  return answer.state === "done" ? 0 : 1;
}

/** Gives mastership away; exit code 0 too when this node does not lead. */
async function stepDown(config: Config, pauseSeconds: number): Promise<number> {
  using store = await openExisting(config);
  const outcome = await requestStepDown(store, systemClock, "the command line", pauseSeconds);
  return print(
    outcome === "stepped down"
      ? `${config.nodeName} has stepped down and does not stand again for ${pauseSeconds} s`
      : `${config.nodeName} does not lead: nothing to do`,
  );
}

/** The state of a node that has run. */
async function openExisting(config: Config): Promise<StateStore> {
  try {
    await Deno.stat(`${config.stateDir}/${KV_FILE}`);
  } catch {
    throw new Error(
      `nothing has run with the state directory ${config.stateDir}: ` +
        "start it, or name the right one with --state-dir",
    );
  }
  return await StateStore.open(config.stateDir);
}

/** What the permission table needs to know of this machine and of the names in the configuration. */
async function places(config: Config, log: Log): Promise<PermissionPlaces> {
  const hosts = parseHosts(readOr("/etc/hosts", ""));
  const names = namesToLookUp(config.etcd.endpoints, hosts);
  const found = await lookUp(names, {
    executable: Deno.execPath(),
    module: `${import.meta.dirname}/roles/name_lookup.ts`,
    env: { NO_COLOR: "1" },
    timeoutMs: LOOKUP_TIMEOUT_MS,
  });
  for (const name of names) {
    if (found.has(name)) continue;
    log.warn("an etcd host name cannot be looked up: check it, or name an address with --etcd", {
      name,
    });
  }
  return {
    protoDir: new URL("../proto", import.meta.resolve("etcd3")).pathname,
    addresses: (host) => found.get(host) ?? hostAddresses(host, hosts),
    nameServers: parseNameServers(readOr("/etc/resolv.conf", "")),
  };
}

function readOr(path: string, otherwise: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return otherwise;
  }
}

/** Prints a role's record in the configured format. */
function forward(entry: LogEntry, config: Config): void {
  if (!passes(entry.level, config.log.level)) return;
  printLine(config.log.format === "json" ? formatJson(entry) : formatText(entry));
}

function printLine(line: string): void {
  write(Deno.stdout, line + "\n");
}

function print(text: string): number {
  write(Deno.stdout, text.endsWith("\n") ? text : text + "\n");
  return 0;
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch { /* whoever read it is gone; the work goes on */ }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
