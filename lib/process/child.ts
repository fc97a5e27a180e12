/**
 * A process that this one has started: told its input over its standard input, which stays open and whose
 * end tells it that its parent is gone; heard on standard output and standard error.
 *
 * @module
 */
import { errorOf, readLines } from "./child_output.ts";
import type { Launch } from "./launcher.ts";

/** A child from its start to its end. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  /**
   * Starts it and tells it its input.
   *
   * @param options `detached`: in a process group of its own, which gets no signal of a terminal
   * @throws what Deno throws: there is no such program, or it may not be run.
   */
  constructor(
    { command, args, env, input }: Launch,
    { detached = false }: { readonly detached?: boolean } = {},
  ) {
    this.#process = new Deno.Command(command, {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached,
    }).spawn();
    this.#stdin = this.#process.stdin.getWriter();
    this.tell(input).catch(() => {}); // it has ended already, which is heard of
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** To be read to its end, as what {@linkcode readErrors} reads. */
  get output(): ReadableStream<Uint8Array> {
    return this.#process.stdout;
  }

  /** Writes a line, without its end; rejects when the process is gone. */
  tell(line: string): Promise<void> {
    return this.#stdin.write(new TextEncoder().encode(line + "\n"));
  }

  /** Hands over each line of standard error, and resolves at its end to the first error told there. */
  async readErrors(onLine: (line: string) => void): Promise<string | null> {
    let first: string | null = null;
    for await (const line of readLines(this.#process.stderr)) {
      first ??= errorOf(line);
      onLine(line);
    }
    return first;
  }

  /** Sends a signal; nothing when it has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch { /* it has ended meanwhile */ }
  }

  /** How it ended, once it has; what it wrote may still have to be read. */
  async ended(): Promise<Deno.CommandStatus> {
    const status = await this.#process.status;
    await this.#stdin.close().catch(() => {});
    return status;
  }
}
