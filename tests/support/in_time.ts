/** Waits for processes with a limit: one that does not end fails its test, which names it. @module */
import { deadline } from "../../lib/base/deadline.ts";
import { TIME_FACTOR } from "./assert.ts";

/** A command may take that long, ms. */
const LIMIT_MS = 60_000 * TIME_FACTOR;

/** What is run: a program, or a command whose output is piped. */
export type Program = string | Deno.Command;

/**
 * What the work gives.
 *
 * @throws it has not ended in time; `late` says what (such as "the node ends").
 */
export async function inTime<T>(late: string, work: Promise<T>): Promise<T> {
  return await deadline(work, LIMIT_MS, () => {
    throw new Error(`not within ${LIMIT_MS / 1000} s: ${late}`);
  });
}

/**
 * Runs a command to its end.
 *
 * @param options of a program; what it prints is piped unless they say otherwise
 * @throws it has not ended in time; it is killed then.
 */
export async function outputOf(
  program: Program,
  options: Deno.CommandOptions = {},
): Promise<Deno.CommandOutput> {
  const piped = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const child = typeof program === "string"
    ? new Deno.Command(program, { ...piped, ...options }).spawn()
    : program.spawn();
  return await deadline(child.output(), LIMIT_MS, () => {
    child.kill("SIGKILL");
    const name = typeof program === "string" ? program : "the product";
    throw new Error(`${name} did not end within ${LIMIT_MS / 1000} s`);
  });
}
