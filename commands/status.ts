/**
 * `status`: what the node's processes say of themselves, asked of its page.
 *
 * Exit code 3: something is wrong, or the page does not answer.
 *
 * @module
 */
import { systemClock } from "../lib/base/clock.ts";
import type { Config } from "../lib/config/config_types.ts";
import { pageUrl, reachable } from "../lib/config/page_url.ts";
import { nodeInfo, readStatus } from "../lib/health/read_status.ts";
import { type Status, statusSchema } from "../lib/health/status.ts";
import { formatStatus } from "../lib/health/status_text.ts";
import { isHealthy } from "../lib/health/verdict.ts";
import { describeError } from "../lib/base/log.ts";
import { machinePlaces } from "../lib/process/machine_places.ts";
import { permissionRow } from "../lib/process/permissions.ts";
import { runTool } from "../lib/process/tool.ts";
import { type Command, type CommandContext, output, UNHEALTHY } from "./context.ts";
import { lookAt } from "../lib/state/running_nodes.ts";
import { openExisting } from "./existing_state.ts";
import { RUNNING_NODE, settingsOf } from "./running_node.ts";

const TIMEOUT_MS = 5000;

const flags = { output };

export const command: Command<typeof flags> = {
  about: "Print what the node's processes say of themselves",
  details: [RUNNING_NODE, "Exit code 3: something is wrong, or the page does not answer."],
  examples: [
    { words: "status", does: "How the node of this machine is" },
    { words: "status --output json", does: "The same for machines" },
    { words: "status --state-dir /var/lib/calico-conductor", does: "That of one of several nodes" },
  ],
  flags,
  async run(context, { output }) {
    const { print } = context;
    const { config } = await settingsOf(context, {});
    const told = await askPage(config, context);
    const report = told ?? await readDirectly(config);
    print(output === "json" ? JSON.stringify(report, null, 2) : formatStatus(report));
    return told && isHealthy(told) ? 0 : UNHEALTHY;
  },
};

/** Null, and a word on standard error, when the page does not answer. */
async function askPage(
  config: Config,
  { launcher, printError, given: { options, env } }: CommandContext,
): Promise<Status | null> {
  const { host, port, tls } = config.diagnostics;
  const address = { host: reachable(host), port, cert: tls?.cert ?? null };
  const isNamed = Boolean(options.state_dir ?? env.CONDUCTOR_STATE_DIR);
  const isIdle = await lookAt(config.stateDir) === null;
  try {
    // Whoever answers there is another node, and may have the same name.
    if (isNamed && isIdle) throw new Error("it would be another node's");
    const places = await machinePlaces(config, launcher, { warn: () => {} });
    const row = permissionRow("page-reader", config, places);
    const launch = launcher.prepare("page-reader", row, address);
    const told = statusSchema.safeParse(await runTool(launch, { timeoutMs: TIMEOUT_MS }));
    if (!told.success) throw new Error("what answers there is no page of this version");
    const { name } = told.data.node;
    if (name === config.nodeName) return told.data;
    throw new Error(`it is the page of ${name}`);
  } catch (error) {
    if (isIdle) printError(`no node runs with the state directory ${config.stateDir}\n`);
    printError(
      `the page at ${pageUrl(config.diagnostics)} does not tell (${describeError(error)}): ` +
        "this is what the state directory holds\n",
    );
    return null;
  }
}

/** What the state directory holds, whether or not anything runs; it knows the name of its node. */
async function readDirectly(config: Config): Promise<Status> {
  using store = await openExisting(config);
  const nodeName = (await store.readSupervisor())?.node ?? config.nodeName;
  return await readStatus(store, nodeInfo({ ...config, nodeName }), systemClock);
}
