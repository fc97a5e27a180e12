/** A command in a terminal of its own, which can be closed like a window. @module */
import { inTime } from "../support/in_time.ts";
import { processTree, ROOT } from "./node.ts";

/** `script` of util-linux holds the other end of the terminal; its death closes it. */
export function openTerminal(command: readonly string[]): AsyncDisposable & {
  output(): string;
  /** The process that holds the terminal, and what runs in it. */
  tree(): Promise<number[]>;
  close(): void;
} {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const script = new Deno.Command("script", {
    args: ["-qefc", `exec ${quoted}`, "/dev/null"],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let output = "";
  let closed = false;
  const read = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of script.stdout) output += decoder.decode(chunk, { stream: true });
  })();
  const close = () => {
    try {
      if (!closed) script.kill("SIGKILL");
    } catch { /* the command has ended, and the terminal with it */ }
    closed = true;
  };
  return {
    output: () => output,
    tree: () => processTree(script.pid),
    close,
    async [Symbol.asyncDispose]() {
      close();
      await inTime("the terminal closes", script.status);
      await inTime("what runs in the terminal ends", read);
    },
  };
}
