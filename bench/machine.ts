/** On what was measured. @module */
import { totalmem } from "node:os";

/** The machine, its programs and the state of the code. */
export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly deno: string;
  readonly etcd: string;
  /** `git describe` of the working copy; `-dirty` when it had changes. */
  readonly commit: string;
}

async function firstLine(command: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(command, { args, stderr: "null" }).output();
    return new TextDecoder().decode(stdout).split("\n")[0]!.trim();
  } catch {
    return "unknown";
  }
}

/** Looks. */
export async function describeMachine(): Promise<Machine> {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    deno: Deno.version.deno,
    etcd: (await firstLine("etcd", "--version")).replace("etcd Version: ", ""),
    commit: await firstLine("git", "describe", "--always", "--dirty"),
  };
}
