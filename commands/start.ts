/**
 * `start`: runs the node until SIGINT or SIGTERM, the second of which ends the patience, or until the
 * terminal that it was started in is closed. Any other SIGHUP reads the configuration again.
 *
 * Exit codes beside the usual: 3 when a role ended again and again at the time of the stop.
 *
 * @module
 */
import { systemClock } from "../lib/base/clock.ts";
import { effectiveRows } from "../lib/config/effective_rows.ts";
import type { Config } from "../lib/config/config_types.ts";
import { dropPermissions, SUPERVISOR_CAN_DO_WITHOUT } from "../lib/process/drop_permissions.ts";
import { readProcessPlace } from "../lib/process/place.ts";
import { nodeInfo, readStatus } from "../lib/health/read_status.ts";
import { pageUrl } from "../lib/config/page_url.ts";
import {
  formatJson,
  formatText,
  type Log,
  type LogEntry,
  passes,
  setupLogging,
} from "../lib/base/log.ts";
import { Node } from "../lib/node/node.ts";
import { PageFeed } from "../lib/state/page_feed.ts";
import { ServiceManager } from "../lib/node/service_manager.ts";
import { StopRequest } from "../lib/node/stop_request.ts";
import { VERSION } from "../lib/base/version.ts";
import { type Command, type CommandContext, UNHEALTHY } from "./context.ts";
import { SettingsInForce } from "./settings_in_force.ts";

export const command: Command = {
  about: "Run the node until it is told to stop",
  details: [
    "SIGINT and SIGTERM stop it, a second one ends the patience; SIGHUP reads the configuration again.",
    "Exit code 3: a role ended again and again at the time of the stop.",
  ],
  examples: [
    { words: "start", does: "A whole cloud in small, to look at" },
    { words: "start --config-file /etc/neutron/neutron.conf", does: "A node of a real cloud" },
    {
      words: "start --config-file /etc/neutron/neutron.conf --startup-resync never",
      does: "The same, but it leaves Calico's objects alone until a resync is asked for",
    },
  ],
  flags: {},
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { pid, printLog, launcher, notifyAddress: address, notifierModule: module } = context;
  const settings = new SettingsInForce(context);
  const { config, warnings } = settings;
  let inForce = config;
  const feed = new PageFeed();
  feed.configure(effectiveRows(settings.effective));
  const forward = (entry: LogEntry) => {
    feed.add(entry);
    if (!passes(entry.level, inForce.log.level)) return;
    printLog(inForce.log.format === "json" ? formatJson(entry) : formatText(entry));
  };
  const log = setupLogging({
    role: "supervisor",
    pid,
    level: "debug",
    format: "json",
    write: (line) => forward(JSON.parse(line)),
  });
  for (const warning of warnings) log.warn(warning);
  announce(config, log);
  const { stateDir } = config;
  await using serviceManager = address &&
    new ServiceManager({ address, module, stateDir, log, clock: systemClock });
  const place = await readProcessPlace();
  await dropPermissions(SUPERVISOR_CAN_DO_WITHOUT); // the service manager's Worker keeps its own
  const request = new StopRequest({ log, clock: systemClock });
  const node = new Node(config, {
    pid,
    place,
    launcher,
    log,
    clock: systemClock,
    serviceManager,
    resolve: () => settings.readAgain(),
    announce: () => settings.announce(log, place),
    verdict: async (store, config) =>
      (await readStatus(store, nodeInfo(config), systemClock)).verdict.text,
    onConfig(config) {
      inForce = config;
      settings.comeIntoForce(config);
      feed.configure(effectiveRows(settings.effective));
    },
    forward,
    feed,
  }, request);
  onSignals(context, node, request);
  const crashLoops = await node.run();
  log.info("stopped", { reason: String(request.stop.reason) });
  if (crashLoops.length === 0) return 0;
  log.error("these roles ended again and again", { roles: crashLoops });
  return UNHEALTHY;
}

function onSignals(
  { onSignal, onTerminal }: CommandContext,
  node: Node,
  request: StopRequest,
): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) onSignal(signal, () => request.told(signal));
  const interactive = onTerminal();
  onSignal("SIGHUP", () => {
    if (interactive && !onTerminal()) request.told("the end of its terminal");
    else node.reload();
  });
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
