/** Starts a one-shot tool, see `lib/tool.ts`. @module */
import { describeError } from "../lib/log.ts";
import { takeSeat } from "./seat.ts";
import { write } from "./write.ts";

/**
 * Runs `work` with what the tool is told; what it returns is the answer. When it throws: exit code 1 and
 * the reason on standard error.
 */
export async function runTool<Input>(
  work: (input: Input, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const seat = await takeSeat();
  try {
    write(Deno.stdout, JSON.stringify(await work(seat.input as Input, seat.stop)) + "\n");
    seat.exit(0);
  } catch (error) {
    write(Deno.stderr, `error: ${describeError(error)}\n`);
    seat.exit(1);
  }
}
