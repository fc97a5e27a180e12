/**
 * Who may write to a SQLite database just now. A process that stops in the middle of a write (SIGSTOP, a debugger, a
 * frozen cgroup) keeps the lock, and every other process waits for it without end.
 *
 * @module
 */
import { systemOutput } from "../process/system_output.ts";

/** Bytes of `-shm` that a writer, a checkpoint and a recovery lock (SQLite, "WAL-mode File Format", 2.3.1). */
const FIRST = 120;
const LAST = 122;
/** A line of `/proc/locks` (proc(5)) of an exclusive lock: process, first and last byte. */
const EXCLUSIVE = /^\d+:\s+POSIX\s+\S+\s+WRITE\s+(\d+)\s+\S+\s+(\d+)\s+(\d+|EOF)$/;

/**
 * Processes of this machine that hold such a lock, of whichever database: on stacked file systems the kernel names
 * another file than `stat` does. Empty where the kernel does not tell. Needs the permission to run `cat`, since Deno
 * gives `/proc` to nobody who may not do everything.
 */
export async function lockHolders(): Promise<ReadonlySet<number>> {
  const told = await systemOutput("cat", ["/proc/locks"]);
  return holdersOf(told?.success ? told.text : "");
}

/** The same, of the text of `/proc/locks`. */
export function holdersOf(locks: string): ReadonlySet<number> {
  const holders = new Set<number>();
  for (const line of locks.split("\n")) {
    const [, pid, first, last] = EXCLUSIVE.exec(line) ?? [];
    if (pid === undefined || Number(first) > LAST) continue;
    if (last === "EOF" || Number(last) >= FIRST) holders.add(Number(pid));
  }
  return holders;
}
