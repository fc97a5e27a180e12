/**
 * `trace`: what Neutron, etcd, Felix and this node say of a port, a device, an address or a host, and what
 * differs. It needs no node that runs: a process of its own asks.
 *
 * Exit code 1: nothing is found, or not all can be known; 4: something differs.
 *
 * @module
 */
import { systemClock } from "../lib/base/clock.ts";
import { describeError } from "../lib/base/log.ts";
import { UsageError } from "../lib/config/command_line.ts";
import type { Config } from "../lib/config/config_types.ts";
import { permissionRow } from "../lib/process/permissions.ts";
import { runTool } from "../lib/process/tool.ts";
import { traceInput } from "../lib/trace/alone.ts";
import { TRACE_MS } from "../lib/trace/cloud_account.ts";
import { judgeTrace } from "../lib/trace/judge.ts";
import { readNode } from "../lib/trace/node_account.ts";
import { QUERY_HELP, readQuery, type TraceQuery } from "../lib/trace/query.ts";
import { formatTrace } from "../lib/trace/text.ts";
import {
  type CloudAccount,
  cloudAccountSchema,
  type NodeAccount,
  type Verdict,
} from "../lib/trace/trace.ts";
import { type Command, type CommandContext, DIFFERENT, output } from "./context.ts";
import { openExisting } from "./existing_state.ts";
import { placesOf, withNeutron } from "./located.ts";
import { settingsOf } from "./running_node.ts";

/** Beyond the trace's own deadlines, for its process to start and a busy machine, ms. */
const SLACK_MS = 15_000;

const CODES = { agrees: 0, nothing: 1, unknown: 1, differs: DIFFERENT } as const satisfies Record<
  Verdict,
  number
>;

const flags = { output };

export const command: Command<typeof flags> = {
  about: "Say what Neutron, etcd and Felix have of a port, VM, address or host",
  details: [
    `What to trace: ${QUERY_HELP}.`,
    "Exit code 1: nothing is found, or not all could be asked.",
    "Exit code 4: something differs.",
  ],
  flags,
  subject: "PORT|IP|DEVICE|HOST",
  examples: [
    { words: "trace 10.65.0.4", does: "The port with that address, and what differs" },
    { words: "trace compute-1 --output json", does: "The ports of a host, for machines" },
  ],
  async run(context, { output }, text) {
    const query = readQuery(text);
    if (query === null) {
      throw new UsageError(`trace: given ${JSON.stringify(text)}, allowed ${QUERY_HELP}`);
    }
    const { config } = await settingsOf(context, { secrets: true });
    const cloud = await askCloud(config, context, query);
    const trace = judgeTrace(cloud, await readState(config, context, cloud));
    context.print(output === "json" ? JSON.stringify(trace, null, 2) : formatTrace(trace));
    return CODES[trace.verdict];
  },
};

async function askCloud(
  config: Config,
  context: CommandContext,
  query: TraceQuery,
): Promise<CloudAccount> {
  const places = await placesOf(config, context);
  const whole = await withNeutron(config, context, places);
  const row = permissionRow("trace", whole, places);
  const launch = context.launcher.prepare("trace", row, traceInput(whole, query));
  const answered = await runTool(launch, { timeoutMs: TRACE_MS + SLACK_MS }).catch((error) => {
    throw new Error(`the trace failed: ${describeError(error, false)}`);
  });
  return cloudAccountSchema.parse(answered);
}

/** What the state directory tells; null, and a word on standard error, when there is none to read. */
async function readState(
  config: Config,
  { printError }: CommandContext,
  cloud: CloudAccount,
): Promise<NodeAccount | null> {
  try {
    using store = await openExisting(config);
    return await readNode(cloud, { store, clock: systemClock, config });
  } catch (error) {
    printError(`what a node told and changed is not known: ${describeError(error, false)}\n`);
    return null;
  }
}
