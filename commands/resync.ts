/**
 * `resync`: asks the running node for one and follows it. A dry run needs no node that leads, and no node
 * at all: where none runs, a process of its own compares.
 *
 * Exit code 1: it failed, a guard held something back, or what was named is not known; 4: a dry run has
 * found differences.
 *
 * @module
 */
import { systemClock } from "../lib/base/clock.ts";
import {
  alone,
  type Flag,
  type FlagValues,
  readValue,
  UsageError,
} from "../lib/config/command_line.ts";
import type { Config } from "../lib/config/config_types.ts";
import type { Kind } from "../lib/config/kinds.ts";
import { OBJECT_ID, OBJECT_ID_HELP } from "../lib/openstack/object_id.ts";
import { describeError } from "../lib/base/log.ts";
import { MAX_DELAY_MS } from "../lib/openstack/http.ts";
import { permissionRow } from "../lib/process/permissions.ts";
import { readSystemUser } from "../lib/process/system_user.ts";
import { onCommandLine } from "../lib/state/asked_by.ts";
import { formatReport, ProgressBar, reportOf } from "../lib/sync/report/report.ts";
import {
  followResync,
  NobodyRunsError,
  nodeRuns,
  requestResync,
  type ResyncOptions,
} from "../lib/state/resync_request.ts";
import type { ResyncAnswer } from "../lib/state/records.ts";
import type { StateStore } from "../lib/state/store.ts";
import { aloneAnswerSchema, aloneInput } from "../lib/sync/sources/alone.ts";
import { readAsked, readDiff } from "../lib/sync/apply/difference_log.ts";
import { runTool } from "../lib/process/tool.ts";
import { type Command, type CommandContext, DIFFERENT, output } from "./context.ts";
import { openExisting } from "./existing_state.ts";
import { placesOf, withNeutron } from "./located.ts";
import { RUNNING_NODE, settingsOf } from "./running_node.ts";

/** Beyond the deadline of one call, for a process to start and a busy machine, ms. */
const SLACK_MS = 10_000;

/** Objects of one kind in one request. */
const MAX_OBJECTS = 500;
const objectId: Kind<string> = {
  allowed: OBJECT_ID_HELP,
  parse: (text) => OBJECT_ID.test(text) ? text : null,
  repeatable: true,
};

/** A flag that names objects, repeatable. */
function objects(help: string): Flag<string[]> {
  return {
    help: `${help} (repeatable)`,
    placeholder: "ID",
    kind: objectId,
    fallback: null,
    read(ids, flag) {
      if (ids.length <= MAX_OBJECTS) return ids.map((id) => readValue(objectId, id, flag));
      throw new UsageError(
        `--${flag}: given ${ids.length} times, allowed ${MAX_OBJECTS}: name more ` +
          "in another run, or resync all",
      );
    },
  };
}

const flags = {
  network: objects("only this network, its subnets and its ports"),
  subnet: objects("only this subnet and its ports"),
  port: objects("only this port"),
  "security-group": objects("only this security group"),
  "include-sgs-for-ports": alone("the security groups of the ports as well"),
  "dry-run": alone("print the differences and write nothing"),
  "allow-deletions": alone("believe Neutron, once, that so much is gone"),
  /** The same by an older name. */
  "allow-empty": alone(null),
  output,
};

export const command: Command<typeof flags> = {
  about: "Make etcd equal to Neutron now: all of it, or what is named",
  details: [
    RUNNING_NODE,
    "The node that leads does it; a dry run also a standby, and where no node runs a process of its own.",
    "Exit code 1: it failed, a guard held something back, or what is named is not known.",
    "Exit code 4: a dry run has found differences.",
  ],
  examples: [
    { words: "resync --dry-run", does: "What differs, without writing anything" },
    { words: "resync", does: "Make etcd equal to Neutron now" },
    {
      words: "resync --port ID --include-sgs-for-ports",
      does: "One port and its security groups",
    },
  ],
  flags,
  run,
};

/** What is asked for. */
type Wanted = Omit<ResyncOptions, "by">;

async function run(context: CommandContext, given: FlagValues<typeof flags>): Promise<number> {
  const { print, redraw, errorIsTerminal } = context;
  const acts = given["dry-run"] ? {} : { acts: true } as const;
  const { config } = await settingsOf(context, acts);
  const { output } = given;
  const resync: Wanted = {
    networks: given.network,
    subnets: given.subnet,
    ports: given.port,
    groups: given["security-group"],
    includeGroups: given["include-sgs-for-ports"],
    dryRun: given["dry-run"],
    allowDeletions: given["allow-deletions"] || given["allow-empty"],
  };
  const bar = new ProgressBar(output === "text" && errorIsTerminal, redraw);
  const { answer, differences, text } = await askNode(config, resync, bar)
    .then((asked) => asked ?? compareBeside(context, resync, bar))
    .finally(() => bar.end());
  if (output === "json") print(JSON.stringify(reportOf(answer, differences), null, 2));
  else {
    if (text) print(text);
    print(formatReport(answer));
  }
  if (answer.state === "failed" || answer.guards.length > 0) return 1;
  return resync.dryRun && answer.differences > 0 ? DIFFERENT : 0;
}

/**
 * Has the node do it: its answer, the first of the differences, and the same as a readable diff, null where
 * nothing is kept of it or it is written. Null: no node runs, and none is needed.
 */
async function askNode(config: Config, resync: Wanted, bar: ProgressBar) {
  const none = resync.dryRun && !config.lab.enabled;
  using store = none ? await openRunning(config) : await openExisting(config);
  if (!store) return null;
  try {
    const by = onCommandLine(await readSystemUser());
    const request = await requestResync(store, systemClock, { ...resync, by });
    const onProgress = ({ doing, step }: ResyncAnswer) => bar.show(doing, step);
    const answer = await followResync(store, systemClock, request, onProgress);
    const { stateDir } = config;
    const kept = await readAsked(stateDir, answer.id);
    // That of a dry run which failed is an earlier one's.
    const text = resync.dryRun && answer.state === "done" && kept ? await readDiff(stateDir) : null;
    return { answer, differences: kept?.objects ?? [], text };
  } catch (error) {
    if (none && error instanceof NobodyRunsError) return null;
    throw error;
  }
}

/** The state of a node that runs; null: none does, or none that this user may ask. */
async function openRunning(config: Config): Promise<StateStore | null> {
  const store = await openExisting(config).catch(() => null);
  if (store && await nodeRuns(store, systemClock).catch(() => false)) return store;
  store?.[Symbol.dispose]();
  return null;
}

/** A dry run in a process of its own, with the same result. */
async function compareBeside(context: CommandContext, resync: Wanted, bar: ProgressBar) {
  const { launcher, printError } = context;
  const { config } = await settingsOf(context, { secrets: true });
  printError(
    `no node that could be asked runs with the state directory ${config.stateDir}: ` +
      "this command compares by itself\n",
  );
  const places = await placesOf(config, context);
  const whole = await withNeutron(config, context, places);
  const row = permissionRow("dry-run", whole, places);
  const launch = launcher.prepare("dry-run", row, aloneInput(whole, resync));
  const callMs = Math.max(whole.openstack.requestTimeoutMs, whole.etcd.callTimeoutMs);
  const timeoutMs = callMs + MAX_DELAY_MS + SLACK_MS;
  const onProgress = (step: string) => bar.show(`dry run: ${step}`, step);
  const answered = await runTool(launch, { timeoutMs, onProgress }).catch((error) => {
    throw new Error(`the dry run failed: ${describeError(error, false)}`);
  });
  const { answer, differences, text } = aloneAnswerSchema.parse(answered);
  return { answer, differences: differences.objects, text };
}
