/** A machine that systemd has booted, with the package in it and the host's loopback. @module */
import type { Status } from "../../lib/health/status.ts";
import { pageAnswer, pageStatus } from "../support/page_status.ts";
import { eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { outputOf } from "../support/in_time.ts";

const HERE = new URL(".", import.meta.url).pathname;
/** The unit under test. */
export const UNIT = "calico-conductor.service";
/** Of the machine's own programs. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** What a program of the machine said, and how it ended. */
export interface Said {
  readonly code: number;
  /** Both of its streams. */
  readonly text: string;
}

/** Disposing of it ends every process in it and removes what it wrote. */
export class Machine implements AsyncDisposable {
  /** Where the node's page listens. */
  readonly pageUrl: string;
  readonly #init: number;
  readonly #console: Deno.ChildProcess;

  private constructor(readonly name: string, init: number, console: Deno.ChildProcess) {
    this.#init = init;
    this.#console = console;
    this.pageUrl = `http://127.0.0.1:${freePort()}`;
  }

  /** Boots one, and waits until systemd is done with that. @throws it does not boot within a minute. */
  static async boot(name: string): Promise<Machine> {
    const [release, group] = ["RELEASE", "SYSTEMD_CGROUP"].map((key) => Deno.env.get(key)!);
    // A pid namespace of its own: with its first process, all that it has started ends.
    const inner = ["bash", `${HERE}roots.sh`, "boot", release!, name, group!];
    const child = new Deno.Command("unshare", {
      args: ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", ...inner],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    try {
      let ended = false;
      child.status.then(() => ended = true);
      const init = await eventually(
        "systemd runs",
        async () => ended ? -1 : await descendant(child.pid),
        30_000,
      );
      if (init < 0) throw new Error(`${name} has ended instead of booting`);
      const machine = new Machine(name, init, child);
      await eventually(
        "it has booted",
        async () => {
          const { text } = await machine.run("systemctl", "is-system-running");
          return /^(running|degraded)/.test(text);
        },
        60_000,
        200,
      );
      return machine;
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  /** Runs a program of the machine, as root, with nothing of this process's environment. */
  async run(...words: string[]): Promise<Said> {
    const args = ["-t", `${this.#init}`, "-a", "--", "env", "-i", `PATH=${PATH}`, "LC_ALL=C"];
    const { code, stdout, stderr } = await outputOf("nsenter", { args: [...args, ...words] });
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, text: decode(stdout) + decode(stderr) };
  }

  /** The same for one that has to succeed. @throws it fails; the error has what it said. */
  async do(...words: string[]): Promise<string> {
    const { code, text } = await this.run(...words);
    if (code !== 0) throw new Error(`${this.name}: ${words.join(" ")} ended with ${code}: ${text}`);
    return text;
  }

  /** Path on the host of a file of the machine's. */
  path(file: string): string {
    return `/proc/${this.#init}/root${file}`;
  }

  /** Installs a package of the host's, which needs nothing that the root lacks; dpkg's answer. */
  async install(file: string): Promise<string> {
    await Deno.copyFile(file, this.path("/root/package.deb"));
    return await this.do("dpkg", "--install", "--force-confold", "/root/package.deb");
  }

  /** A property of the unit. */
  async property(name: string): Promise<string> {
    return (await this.do("systemctl", "show", "--value", "-p", name, UNIT)).trim();
  }

  /** Pid of the supervisor in the machine; 0: there is none. */
  async mainPid(): Promise<number> {
    return Number(await this.property("MainPID"));
  }

  /** What this process calls a process of the machine. @throws there is none. */
  async hostPid(pid: number): Promise<number> {
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const text = await Deno.readTextFile(`/proc/${name}/status`).catch(() => "");
      const pids = /^NSpid:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
      if (pids.at(-1) !== `${pid}` || pids.length < 3) continue;
      if (await this.#holds(name)) return Number(name);
    }
    throw new Error(`no process ${pid} in ${this.name}`);
  }

  async #holds(hostPid: string): Promise<boolean> {
    const namespace = (pid: string) => Deno.readLink(`/proc/${pid}/ns/pid`);
    return await namespace(hostPid) === await namespace(`${this.#init}`);
  }

  /** What the node says of itself; null while it does not answer. */
  status(): Promise<Status | null> {
    return pageStatus(this.pageUrl);
  }

  /** The same, waited for. */
  answer(): Promise<Status> {
    return pageAnswer(this.pageUrl);
  }

  /** Waits for a ready node; on failure the error has what it logged. */
  async ready(timeoutMs = 30_000): Promise<Status> {
    try {
      return await eventually(
        `${this.name} is ready`,
        async () => {
          const status = await this.status();
          return status?.ready && status;
        },
        timeoutMs,
        100,
      );
    } catch (cause) {
      throw new Error(await this.log(), { cause });
    }
  }

  /** The end of what the unit has logged. */
  async log(): Promise<string> {
    const { text } = await this.run(
      "journalctl",
      "--no-pager",
      "-n",
      "80",
      "-o",
      "cat",
      "-u",
      UNIT,
    );
    return text;
  }

  /** Pids of the roles in the machine, by name. */
  async roles(): Promise<Map<string, number>> {
    const at = Date.now();
    const status = await eventually(
      "a new status",
      async () => {
        const status = await this.status();
        return status !== null && status.at >= at && status.ready && status;
      },
      30_000,
      100,
    );
    return new Map(status.roles.map(({ name, process }) => [name, process!.pid!]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#console);
  }
}

async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch { /* it has ended */ }
  await child.status;
}

/** Pid of the systemd below a process; null: not yet. */
async function descendant(pid: number): Promise<number | null> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  for (const child of children.trim().split(" ").filter(Boolean).map(Number)) {
    const program = await Deno.readLink(`/proc/${child}/exe`).catch(() => "");
    const found = program.endsWith("/systemd") ? child : await descendant(child);
    if (found !== null) return found;
  }
  return null;
}
