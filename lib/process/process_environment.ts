/**
 * The environment of another process of this user. The kernel tells it in `/proc`, which Deno gives to nobody who may not
 * do everything; so a small program reads it, with no more rights than this user has.
 *
 * @module
 */
import { systemOutput } from "./system_output.ts";

/** Its variables; empty where the kernel does not tell. Needs the permission to run `cat`. */
export async function readProcessEnvironment(pid: number): Promise<Record<string, string>> {
  const told = await systemOutput("cat", [`/proc/${Math.trunc(pid)}/environ`]);
  if (!told?.success) return {};
  const entries = told.text.split("\0")
    .map((entry) => /^([^=]+)=(.*)$/s.exec(entry))
    .filter((match) => match !== null);
  return Object.fromEntries(entries.map(([, name, value]) => [name, value]));
}
