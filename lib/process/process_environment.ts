/**
 * The environment of another process of this user. The kernel tells it in `/proc`, which Deno gives to nobody who may not
 * do everything; so a small program reads it, with no more rights than this user has.
 *
 * @module
 */

const TIMEOUT_MS = 2000;

/** Its variables; empty where the kernel does not tell. Needs the permission to run `cat`. */
export async function readProcessEnvironment(pid: number): Promise<Record<string, string>> {
  try {
    const { success, stdout } = await new Deno.Command("cat", {
      args: [`/proc/${Math.trunc(pid)}/environ`],
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin" },
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).output();
    if (!success) return {};
    const entries = new TextDecoder().decode(stdout).split("\0")
      .map((entry) => /^([^=]+)=(.*)$/s.exec(entry))
      .filter((match) => match !== null);
    return Object.fromEntries(entries.map(([, name, value]) => [name, value]));
  } catch {
    return {};
  }
}
