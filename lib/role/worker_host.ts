/**
 * The binary as a role's process: runs the role's module in a Worker that has the role's row of the
 * permission table and no more, and hands it its input, the request to stop, and its exit code. As soon as
 * the Worker runs, this thread gives up every permission of its own: the row is all that is left in
 * the process.
 *
 * A Worker that does not end when asked is taken down with the process: by the supervisor's SIGKILL or,
 * when the supervisor is gone, by this thread.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import { ALL_KINDS, dropPermissions } from "../process/drop_permissions.ts";
import type { HostedInput } from "../process/launcher.ts";
import { isProcessName, LAB_WORD, modulePath } from "../process/permissions.ts";
import {
  type HostMessage,
  openStandardInput,
  parseInput,
  type WorkerMessage,
} from "./parent_channel.ts";

/** A Worker whose supervisor is gone ends itself after the time to stop and a second; if not, then this. */
const ORPHAN_GRACE_MS = 3000;
/** The time to stop of a tool, which has no configuration, ms. */
const TOOL_STOP_MS = 1000;

/**
 * Runs the role or tool that the words name, as the launcher gives them; resolves with the exit code.
 *
 * @param moduleUrl where the module of a path below the root is
 */
export async function hostRole(
  [name = "", place]: readonly string[],
  moduleUrl: (path: string) => URL,
): Promise<number> {
  if (!isProcessName(name)) throw new Error(`there is no role ${JSON.stringify(name)}`);
  return await hostModule(name, moduleUrl(modulePath(name, place === LAB_WORD)));
}

/** Runs a module that takes a channel (`parent_channel.ts`); resolves with the exit code. */
export async function hostModule(name: string, module: URL): Promise<number> {
  const { line, end, stop, inbox } = await openStandardInput();
  const { permissions, input } = parseInput(line) as HostedInput;
  const worker = new Worker(module, { type: "module", name, deno: { permissions } });
  const stopMs = (input as Partial<Config>).supervision?.stopTimeoutMs ?? TOOL_STOP_MS;
  const exitCode = Promise.withResolvers<number>();
  end.then(() => setTimeout(() => exitCode.resolve(1), stopMs + ORPHAN_GRACE_MS));
  const say = (message: HostMessage) => worker.postMessage(message);
  worker.onmessage = async ({ data }: MessageEvent<WorkerMessage>) => {
    if ("exit" in data) return exitCode.resolve(data.exit);
    await dropPermissions(ALL_KINDS);
    say({ input });
    inbox.listen((line) => say({ line }));
    const sayStop = () => say({ stop: stop.reason.message });
    if (stop.aborted) sayStop();
    stop.addEventListener("abort", sayStop);
  };
  worker.onerror = (event) => {
    event.preventDefault(); // the runtime has printed it, as it prints a process's
    exitCode.resolve(1);
  };
  return await exitCode.promise;
}
