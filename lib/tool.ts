/**
 * Runs a one-shot tool: a process with a row of its own that is told one thing, answers one thing in
 * JSON and ends. For what the command line and the supervisor have no permission to do themselves.
 *
 * To add one: its name in `TOOL_NAMES` and its row in `permissionRow` (both `permissions.ts`), and its
 * module `roles/<name>.ts`, which calls `runTool` of `roles/run_tool.ts`.
 *
 * @module
 */
import { readLines } from "./child_output.ts";
import { describeError } from "./log.ts";
import type { Launch } from "./launcher.ts";

/** The tool failed; the message says how, in its own words when it had any. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** Bounds of a run. */
export interface ToolOptions {
  /** Deadline of the whole run, ms; the tool is killed then. */
  readonly timeoutMs: number;
  /** Kills the tool. */
  readonly signal?: AbortSignal;
}

/**
 * Runs the tool and returns its answer, which the caller validates.
 *
 * @throws {ToolError} it cannot be started, fails, is killed, or answers something that is not JSON.
 */
export async function runTool(
  { command, args, env, input }: Launch,
  { timeoutMs, signal }: ToolOptions,
): Promise<unknown> {
  const name = args.at(-1)!.replace(/^.*\/|\.ts$/g, "");
  const deadline = AbortSignal.timeout(timeoutMs);
  const end = signal ? AbortSignal.any([signal, deadline]) : deadline;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new ToolError(`${name} cannot be started: ${describeError(error)}`, { cause: error });
  }
  const kill = () => killHard(child);
  end.addEventListener("abort", kill, { once: true });
  if (end.aborted) kill();
  const stdin = child.stdin.getWriter();
  stdin.write(new TextEncoder().encode(input + "\n")).catch(() => {});
  const output = Promise.all([new Response(child.stdout).text(), complaint(child.stderr)]);
  const status = await child.status;
  end.removeEventListener("abort", kill);
  await stdin.close().catch(() => {});
  const [answer, words] = await output;
  if (deadline.aborted) throw new ToolError(`${name} did not answer within ${timeoutMs / 1000} s`);
  signal?.throwIfAborted();
  if (!status.success) throw new ToolError(words ?? `${name} ended with exit code ${status.code}`);
  try {
    return JSON.parse(answer);
  } catch (cause) {
    throw new ToolError(`${name} gave no answer that could be read`, { cause });
  }
}

/** The first `error:` line; the stream is read to its end. */
async function complaint(stderr: ReadableStream<Uint8Array>): Promise<string | null> {
  let found: string | null = null;
  for await (const line of readLines(stderr)) {
    if (/^error:/.test(line)) found ??= line.slice("error:".length).trim();
  }
  return found;
}

function killHard(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch { /* it has ended meanwhile */ }
}
