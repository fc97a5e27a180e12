/** What a small program of the system prints, for what Deno does not tell by itself. @module */

const TIMEOUT_MS = 2000;

/** What was printed, and whether the program said that all went well. */
export interface SystemOutput {
  readonly success: boolean;
  readonly text: string;
}

/**
 * Runs it without an environment, for at most 2 s; needs the permission to run it. Null: it could not be run,
 * or not in time.
 */
export async function systemOutput(
  command: string,
  args: readonly string[],
): Promise<SystemOutput | null> {
  try {
    const { success, stdout } = await new Deno.Command(command, {
      args: [...args],
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin" },
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).output();
    return { success, text: new TextDecoder().decode(stdout) };
  } catch {
    return null;
  }
}
