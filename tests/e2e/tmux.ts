/** A command in a real terminal, whose keys a test presses. @module */
import { eventually } from "../support/assert.ts";
import { lives, ROOT, tempDir } from "./node.ts";
import { outputOf } from "../support/in_time.ts";

/** A terminal of tmux, on a server of its own that ends with it. */
export class Tmux implements AsyncDisposable {
  private constructor(
    readonly dir: { readonly path: string } & AsyncDisposable,
    /** Process id of the shell in it. */
    readonly pid: number,
  ) {}

  /** Starts the command in the repository's folder. */
  static async open(command: readonly string[]): Promise<Tmux> {
    const dir = await tempDir();
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    // The shell stays the terminal's leader, as in life, and tells how the command ended.
    const script = `${quoted} >'${dir.path}/output' 2>&1; echo $? >'${dir.path}/code'`;
    await tmux(
      dir.path,
      "new-session",
      "-d",
      "-x",
      "120",
      "-y",
      "40",
      "-c",
      ROOT,
      "bash",
      "--norc",
      "-ic",
      script,
    );
    const pid = Number(await tmux(dir.path, "list-panes", "-a", "-F", "#{pane_pid}"));
    return new Tmux(dir, pid);
  }

  /** What the command has written. */
  output(): string {
    return Deno.readTextFileSync(`${this.dir.path}/output`);
  }

  /** Presses Ctrl-C. */
  async ctrlC(): Promise<void> {
    await tmux(this.dir.path, "send-keys", "C-c");
  }

  /** Waits for the command's end; its exit code. */
  async ended(timeoutMs = 30_000): Promise<number> {
    await eventually("the command ends", () => {
      return !lives(this.pid) || this.#code() !== null;
    }, timeoutMs);
    return this.#code() ?? -1;
  }

  #code(): number | null {
    try {
      const text = Deno.readTextFileSync(`${this.dir.path}/code`);
      return text.endsWith("\n") ? Number(text) : null;
    } catch {
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tmux(this.dir.path, "kill-server").catch(() => {}); // it has ended with its session
    await this.dir[Symbol.asyncDispose]();
  }
}

async function tmux(dir: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await outputOf("tmux", {
    args: ["-S", `${dir}/socket`, "-f", "/dev/null", ...args],
    env: { TERM: "xterm", NO_COLOR: "1" },
    stdin: "null",
  });
  if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}
