/**
 * Runs a one-shot tool: a process with a row of its own that is told one thing, answers one thing in
 * JSON and ends. For what the command line and the supervisor have no permission to do themselves.
 *
 * The tools that there are: `tools.ts`.
 *
 * @module
 */
import { parseJson } from "../base/json.ts";
import { Child } from "./child.ts";
import { describeError } from "../base/log.ts";
import type { Launch } from "./launcher.ts";

/** Lines of a tool's standard error that tell what it does begin so. */
export const PROGRESS = "progress:" as const;

/** The tool failed; the message says how, in its own words when it had any. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** Bounds of a run. */
export interface ToolOptions {
  /** Deadline of the whole run, ms; the tool is killed then. With `onProgress`: of each step. */
  readonly timeoutMs: number;
  /** Called with what a tool says that it does. */
  readonly onProgress?: (doing: string) => void;
  /** Kills the tool. */
  readonly signal?: AbortSignal;
}

/**
 * Runs the tool and returns its answer, which the caller validates.
 *
 * @throws {ToolError} it cannot be started, fails, is killed, or answers something that is not JSON.
 */
export async function runTool(
  launch: Launch,
  { timeoutMs, signal, onProgress }: ToolOptions,
): Promise<unknown> {
  const name = launch.args.at(-1)!.replace(/^.*\/|\.ts$/g, "");
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(() => late.abort(), timeoutMs);
  };
  const over = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  const child = start(launch, name);
  const kill = () => child.kill("SIGKILL");
  using _ = {
    [Symbol.dispose]() {
      clearTimeout(timer);
      over.removeEventListener("abort", kill); // the signal may live for long
    },
  };
  restart();
  over.addEventListener("abort", kill);
  if (over.aborted) kill();
  const output = Promise.all([
    new Response(child.output).text(),
    child.readErrors((line) => {
      if (!onProgress || !line.startsWith(PROGRESS)) return;
      restart();
      onProgress(line.slice(PROGRESS.length).trim());
    }),
  ]);
  const { success, code } = await child.ended();
  const [answer, problem] = await output;
  if (late.signal.aborted) {
    throw new ToolError(`${name} did not answer within ${timeoutMs / 1000} s`);
  }
  signal?.throwIfAborted();
  if (!success) throw new ToolError(problem ?? `${name} ended with exit code ${code}`);
  const value = parseJson(answer);
  if (value === undefined) throw new ToolError(`${name} gave no answer that could be read`);
  return value;
}

function start(launch: Launch, name: string): Child {
  try {
    return new Child(launch);
  } catch (error) {
    throw new ToolError(`${name} cannot be started: ${describeError(error)}`, { cause: error });
  }
}
