/**
 * A process that is asked and answers, one JSON line each: what is measured runs alone in it, so that
 * its memory and its event loop are its own.
 *
 * @module
 */
import { print } from "./print.ts";

/** Lines of a stream of bytes. */
async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

/** The parent's side. Dispose of it to end the process. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  /** `file` is next to this one. */
  constructor(file: string, args: readonly string[] = [], flags: readonly string[] = []) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "--no-check",
        ...flags,
        new URL(file, import.meta.url).pathname,
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = lines(this.#process.stdout);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Its next line. @throws it has ended. */
  // deno-lint-ignore no-explicit-any
  async next(): Promise<any> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the measured process has ended; what it said stands above");
    return JSON.parse(value);
  }

  // deno-lint-ignore no-explicit-any
  async ask(question: unknown): Promise<any> {
    await this.#writer.write(new TextEncoder().encode(JSON.stringify(question) + "\n"));
    return await this.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 3000);
    await this.#lines.return(undefined);
    await this.#process.status;
    clearTimeout(late);
  }
}

/** The child's side: answers until there are no questions any more. */
export async function answerAll<Q>(answer: (question: Q) => Promise<unknown>): Promise<void> {
  for await (const line of lines(Deno.stdin.readable)) {
    print(JSON.stringify(await answer(JSON.parse(line)) ?? null));
  }
}
