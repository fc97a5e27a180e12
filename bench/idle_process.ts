/** An idle Deno process: what memory is compared with. @module */
import { pssMiB, rssMiB } from "./measure.ts";

async function whileIdle<T>(look: (pid: number) => Promise<T>): Promise<T> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "setInterval(() => {}, 1000)"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return await look(child.pid);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** Its resident memory, MiB. */
export function idleMiB(): Promise<number> {
  return whileIdle(rssMiB);
}

/** Its proportional set size, MiB. */
export function idlePssMiB(): Promise<number> {
  return whileIdle(pssMiB);
}
