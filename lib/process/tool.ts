/**
 * Runs a one-shot tool: a process with a row of its own that is told one thing, answers one thing in
 * JSON and ends. For what the command line and the supervisor have no permission to do themselves.
 *
 * The tools that there are: `tools.ts`.
 *
 * @module
 */
import { readLines } from "./child_output.ts";
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
  { command, args, env, input }: Launch,
  { timeoutMs, signal, onProgress }: ToolOptions,
): Promise<unknown> {
  const name = args.at(-1)!.replace(/^.*\/|\.ts$/g, "");
  using deadline = new Deadline(timeoutMs);
  const end = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
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
  const hear = onProgress && ((doing: string) => {
    deadline.putOff();
    onProgress(doing);
  });
  const output = Promise.all([new Response(child.stdout).text(), complaint(child.stderr, hear)]);
  const status = await child.status;
  end.removeEventListener("abort", kill);
  await stdin.close().catch(() => {});
  const [answer, words] = await output;
  if (deadline.signal.aborted) {
    throw new ToolError(`${name} did not answer within ${timeoutMs / 1000} s`);
  }
  signal?.throwIfAborted();
  if (!status.success) throw new ToolError(words ?? `${name} ended with exit code ${status.code}`);
  try {
    return JSON.parse(answer);
  } catch (cause) {
    throw new ToolError(`${name} gave no answer that could be read`, { cause });
  }
}

/** Aborts after so many ms, unless it is put off. */
class Deadline implements Disposable {
  readonly #late = new AbortController();
  #timer: ReturnType<typeof setTimeout>;

  constructor(readonly timeoutMs: number) {
    this.#timer = this.#start();
  }
  get signal(): AbortSignal {
    return this.#late.signal;
  }
  putOff(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }
  #start(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#late.abort(), this.timeoutMs);
  }
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** The first `error:` line; the stream is read to its end, and `hear` told of what is being done. */
async function complaint(
  stderr: ReadableStream<Uint8Array>,
  hear: (doing: string) => void = () => {},
): Promise<string | null> {
  let found: string | null = null;
  for await (const line of readLines(stderr)) {
    if (line.startsWith(PROGRESS)) hear(line.slice(PROGRESS.length).trim());
    if (/^error:/.test(line)) found ??= line.slice("error:".length).trim();
  }
  return found;
}

function killHard(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch { /* it has ended meanwhile */ }
}
