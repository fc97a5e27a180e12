/**
 * Where a process runs: on which boot of which machine, and in which pid namespace. Two processes of one
 * place that have the same process id are the same one, or the first is gone; of two places, a process id
 * says nothing.
 *
 * The kernel tells it in `/proc`, which Deno gives to nobody who may not do everything. So the supervisor
 * has two small programs read it, once, and tells the manager.
 *
 * @module
 */
import { systemOutput } from "./system_output.ts";

/** Two places are the same when both names are. */
export interface ProcessPlace {
  /** `/proc/sys/kernel/random/boot_id`: another one after every start of the machine. */
  readonly bootId: string;
  /** Target of `/proc/self/ns/pid`, `pid:[4026531836]`. */
  readonly pidNamespace: string;
}

const TOLD = "cat /proc/sys/kernel/random/boot_id && readlink /proc/self/ns/pid";

/**
 * The place of this process and of those that it starts; needs the permission to run `sh`. Where the kernel
 * does not tell (another system, no shell), it is a place that equals no other: what this process starts
 * has it in common, and nothing else ever has.
 */
export async function readProcessPlace(): Promise<ProcessPlace> {
  const told = await systemOutput("sh", ["-c", TOLD]);
  return (told?.success ? parseProcessPlace(told.text) : null) ?? unique();
}

/** What the two programs print; null when that is not it. */
export function parseProcessPlace(text: string): ProcessPlace | null {
  const found = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\n(pid:\[\d+\])\n$/.exec(text);
  return found ? { bootId: found[1]!, pidNamespace: found[2]! } : null;
}

function unique(): ProcessPlace {
  return { bootId: `unknown ${crypto.randomUUID()}`, pidNamespace: "unknown" };
}
