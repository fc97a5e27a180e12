/** The child's side of a one-shot tool, which `lib/process/tool.ts` runs. @module */
import { describeError } from "../base/log.ts";
import { openParentChannel } from "./parent_channel.ts";
import { write, writeAll } from "../base/write.ts";

/** The caller's word: the compiler holds it to that, and the caller need not be loaded for it. */
const PROGRESS: typeof import("../process/tool.ts").PROGRESS = "progress:";
/** What is being done is told at most so often, ms. */
const PROGRESS_MS = 100;

/**
 * Runs `work` with what the tool is told; what it returns is the answer. It may say what it does. When it
 * throws: exit code 1 and the reason on standard error.
 */
export async function runTool<Input>(
  work: (input: Input, signal: AbortSignal, say: (doing: string) => void) => Promise<unknown>,
): Promise<void> {
  const channel = await openParentChannel();
  let saidAt = -Infinity;
  const say = (doing: string) => {
    if (performance.now() - saidAt < PROGRESS_MS) return;
    saidAt = performance.now();
    write(Deno.stderr, `${PROGRESS} ${doing}\n`);
  };
  try {
    const answer = await work(channel.input as Input, channel.stop, say);
    writeAll(Deno.stdout, JSON.stringify(answer) + "\n");
    channel.exit(0);
  } catch (error) {
    write(Deno.stderr, `error: ${describeError(error, false)}\n`);
    channel.exit(1);
  }
}
