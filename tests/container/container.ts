/** A container of the product's image, confined as docs/service.md has it. @module */
import type { Status } from "../../lib/health/status.ts";
import { pageAnswer, pageStatus } from "../support/page_status.ts";
import { eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { outputOf } from "../support/in_time.ts";

export const IMAGE = "localhost/calico-conductor";

/** Nothing may be written but the state directory, a volume of the image's, and root can do nothing. */
const CONFINED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all"];

/** Runs podman. */
export function podman(...args: string[]): Promise<{ code: number; text: string }> {
  return said("podman", args);
}

/** Runs a program; what it says is both of its streams. */
export async function said(
  program: string,
  args: string[],
): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await outputOf(program, { args });
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, text: (decode(stdout) + decode(stderr)).trim() };
}

async function podmanDo(...args: string[]): Promise<string> {
  const { code, text } = await podman(...args);
  if (code !== 0) throw new Error(`podman ${args[0]} ended with ${code}: ${text}`);
  return text;
}

/** Disposing of it removes it, running or not. */
export class Container implements AsyncDisposable {
  private constructor(readonly name: string, readonly pageUrl: string) {}

  /** Starts the image's own command. */
  static async start(name: string, environment: Record<string, string>): Promise<Container> {
    const pageUrl = `http://127.0.0.1:${freePort()}`;
    const settings = {
      ...environment,
      CONDUCTOR_NODE_NAME: name,
      CONDUCTOR_LISTEN: new URL(pageUrl).host,
    };
    const variables = Object.entries(settings).map(([key, value]) => `--env=${key}=${value}`);
    const confined = [...CONFINED, "--security-opt=no-new-privileges"];
    await podmanDo(
      ...["run", "--detach", "--network=host", `--name=${name}`],
      ...confined,
      ...variables,
      IMAGE,
    );
    return new Container(name, pageUrl);
  }

  /** Runs a program in it, as its user. */
  exec(...words: string[]): Promise<{ code: number; text: string }> {
    return podman("exec", this.name, ...words);
  }

  /** What podman knows of it. */
  async inspect(format: string): Promise<string> {
    return await podmanDo("inspect", "--format", format, this.name);
  }

  /** Sends SIGTERM, as every engine does; returns the exit code. After 30 s podman would kill it: 137. */
  async stop(): Promise<number> {
    await podmanDo("stop", "--time=30", this.name);
    return Number(await this.inspect("{{.State.ExitCode}}"));
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
  async ready(): Promise<Status> {
    try {
      return await eventually(
        `${this.name} is ready`,
        async () => {
          const status = await this.status();
          return status?.ready && status;
        },
        30_000,
        50,
      );
    } catch (cause) {
      throw new Error((await podman("logs", "--tail=40", this.name)).text, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await podmanDo("rm", "--force", "--time=0", "--volumes", this.name);
  }
}
