/**
 * Whose settings a command speaks of. With options of its own it goes by these; without, by the node
 * that runs on this machine. Which node that is must be certain: an action that could go to several goes to none.
 *
 * @module
 */
import { UsageError } from "../lib/config/command_line.ts";
import { ConfigError } from "../lib/config/config_error.ts";
import { OPTIONS } from "../lib/config/options.ts";
import type { MissingSecret } from "../lib/config/recorded_settings.ts";
import type { ResolvedConfig } from "../lib/config/resolve.ts";
import { type ProcessPlace, readProcessPlace } from "../lib/process/place.ts";
import { readProcessEnvironment } from "../lib/process/process_environment.ts";
import type { NodeRecord } from "../lib/state/node_record.ts";
import { findNodes, lookAt, type RunningNode } from "../lib/state/running_nodes.ts";
import type { CommandContext } from "./context.ts";

/** What the help of such commands says. */
export const RUNNING_NODE =
  "Without options it is about the node that runs on this machine; --state-dir says which of several.";

/** What a command wants of a node. */
export interface Purpose {
  /** Whether it has the node do something. */
  readonly acts?: true;
  /** Whether it logs in to something by itself. */
  readonly secrets?: true;
}

/** Settings, and the node whose they are. */
export interface Settings extends ResolvedConfig {
  /** Null: those of the command's own options, environment and files. */
  readonly node: RunningNode | null;
}

/**
 * The settings that the command works with.
 *
 * @throws {UsageError} several nodes run, and none of them is meant.
 * @throws {ConfigError} they cannot be used, or a secret that is needed cannot be read here.
 */
export async function settingsOf(context: CommandContext, purpose: Purpose): Promise<Settings> {
  const { options, configPaths } = context.given;
  const { state_dir: stateDir = null, ...others } = options;
  if (configPaths.length > 0 || Object.keys(others).length > 0) return own(context);
  const node = await nodeOf(context, stateDir?.toString() ?? null, purpose);
  if (node === null) return own(context);
  if (node.record === null) {
    context.printError(
      `the node with the state directory ${node.stateDir} has not recorded its settings: these are ` +
        "this command's own\n",
    );
    return { ...context.resolve({ state_dir: node.stateDir }), node };
  }
  const unused = unusedNames(context.given.env, node.record);
  if (unused.length > 0) {
    context.printError(
      `this is about ${nameOf(node)}, which runs with other settings than this environment's: ` +
        `${unused.join(", ")} not used\n`,
    );
  }
  const environment = purpose.secrets ? await environmentOf(node.record) : {};
  const { missing, ...resolved } = context.resolveRecorded(node.record, environment);
  if (purpose.secrets && missing.length > 0) throw lacking(node.record, missing);
  return { ...resolved, node };
}

function own(context: CommandContext): Settings {
  return { ...context.resolve(), node: null };
}

/** The node that is meant; null: none runs. */
async function nodeOf(
  { given: { env, places }, printError }: CommandContext,
  stateDir: string | null,
  { acts }: Purpose,
): Promise<RunningNode | null> {
  const named = stateDir ?? (env.CONDUCTOR_STATE_DIR || null);
  if (named !== null) {
    const found = await lookAt(named);
    return found === "unreadable" ? null : found;
  }
  const { running, unreadable } = await findNodes(places);
  const served = await servedBy(env.MAINPID, running);
  if (served) return served;
  const [first, second] = running;
  for (const path of unreadable) {
    printError(
      `${path} belongs to another user: whether a node runs there is not known; run this ` +
        "command as that user or as root\n",
    );
  }
  if (!first) return null;
  if (!second) {
    if (unreadable.length > 0) {
      printError(`this is about ${nameOf(first)}, in ${first.stateDir}\n`);
    }
    return first;
  }
  const list = running.map((node) => `  --state-dir ${node.stateDir}  (${nameOf(node)})`).join(
    "\n",
  );
  const usual = await Deno.realPath(places.usual).catch(() => places.usual);
  if (acts || first.stateDir !== usual) {
    throw new UsageError(`several nodes run on this machine: say which one is meant\n${list}`);
  }
  printError(`several nodes run on this machine, this is about ${nameOf(first)}:\n${list}\n`);
  return first;
}

/** The node of the service on whose behalf systemd runs this command: it sets MAINPID for `ExecReload=`. */
async function servedBy(
  mainPid: string | undefined,
  running: readonly RunningNode[],
): Promise<RunningNode | null> {
  if (!mainPid) return null;
  const here = await readProcessPlace();
  const isServed = ({ record }: RunningNode) =>
    record !== null && String(record.pid) === mainPid && isPlace(record.place, here);
  return running.find(isServed) ?? null;
}

function nameOf({ record }: RunningNode): string {
  return record ? `${record.node}, pid ${record.pid}` : "it has not recorded its name";
}

/** Names of this command's environment that say something else than the node's settings. */
function unusedNames(env: CommandContext["given"]["env"], { settings }: NodeRecord): string[] {
  const recorded = new Map(settings.map(({ name, value }) => [name, value]));
  return OPTIONS.filter(({ name, secret }) => !secret && name !== "state_dir")
    .filter(({ name, env: [own] }) => env[own] && recorded.get(name) !== env[own])
    .map(({ env: [own] }) => own);
}

/** The environment that the node was started with, where its process id means the same process here. */
async function environmentOf({ pid, place }: NodeRecord): Promise<Record<string, string>> {
  return isPlace(place, await readProcessPlace()) ? await readProcessEnvironment(pid) : {};
}

function isPlace(place: ProcessPlace, here: ProcessPlace): boolean {
  return place.bootId === here.bootId && place.pidNamespace === here.pidNamespace;
}

function lacking({ node }: NodeRecord, missing: readonly MissingSecret[]): ConfigError {
  const lines = missing.map(({ env, source }) =>
    `the secret that ${node} has from ${source} cannot be read here: set ${env} in the ` +
    "environment of this command"
  );
  return new ConfigError(lines.join("\n"));
}
