/** What befalls a process of a machine. @module */
import { contention, eventually } from "../support/assert.ts";
import type { Machine } from "./machine.ts";

/** Words that stop a process as a debugger does. The machine has no procps: `kill` is the shell's own. */
export function freezable(pid: number): string[] {
  return ["sh", "-c", `kill -STOP ${pid}`];
}

/** More than what a role has already may be this much, bytes: the next burst of requests is beyond it. */
const SPARE_BYTES = 2 * 1024 * 1024;
const MEMORY = "/run/memory";

/** A group of processes with a limit to their memory, of the kernel's hierarchy of version 1. */
export interface OomGroup extends AsyncDisposable {
  /** Moves a process of the machine into it; what it has already does not count. */
  add(machine: Machine, pid: number): Promise<void>;
  /** Has the role that serves a page do much at once, until somebody was killed. */
  exhaust(pageUrl: string): Promise<void>;
  /** How many the kernel has killed in it. */
  kills(): Promise<number>;
}

/** A new one; null: the kernel has no such hierarchy, and the limit would be the whole unit's. */
export async function oomGroup(): Promise<OomGroup | null> {
  const path = `${MEMORY}/${Deno.env.get("SYSTEMD_CGROUP")}`;
  try {
    await Deno.mkdir(path);
  } catch {
    return null;
  }
  const kills = async () => {
    const text = await Deno.readTextFile(`${path}/memory.oom_control`);
    return Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0);
  };
  return {
    async add(machine, pid) {
      await Deno.writeTextFile(`${path}/memory.limit_in_bytes`, `${SPARE_BYTES}`);
      await Deno.writeTextFile(`${path}/cgroup.procs`, `${await machine.hostPid(pid)}`);
    },
    async exhaust(pageUrl) {
      await eventually("the kernel kills", async () => {
        const burst = Array.from({ length: 50 }, async () => {
          const signal = AbortSignal.timeout(2000 * contention());
          const response = await fetch(`${pageUrl}/api/v1/status`, { signal });
          await response.text();
        });
        await Promise.allSettled(burst);
        return await kills() > 0;
      }, 30_000);
    },
    kills,
    [Symbol.asyncDispose]: async () => {
      await eventually("the group is empty", async () => {
        await Deno.remove(path);
        return true;
      });
    },
  };
}
