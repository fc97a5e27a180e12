/** Both readers of configuration files: oslo.config with Neutron's options, and ours. */
import { ConfigError } from "../../lib/config/config_error.ts";
import { type ConfigPath, readConfigPaths } from "../../lib/config/config_paths.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { tempDir } from "../support/temp_dir.ts";

/** Files of one case, and how they are named on a command line. */
export interface Case {
  readonly name: string;
  /** Texts by path below the case's directory. */
  readonly files: Readonly<Record<string, string>>;
  /** `a.conf`, or `d/` of a directory, in the order of the command line; @default all of `files` */
  readonly args?: readonly string[];
}

/** What oslo.config says: a value by our option's name, or an error's name. */
export type Answer = Readonly<Record<string, unknown>> & { readonly error?: string };
/** What Neutron registers of one option. */
export interface Registered {
  readonly default: string | number | boolean | null;
  readonly older: readonly string[];
}

/** A value that one of the two refuses. */
export function errorOf(value: unknown): string | null {
  const isError = typeof value === "object" && value !== null && "error" in value;
  return isError ? String(value.error) : null;
}

/** A directory in which both find their files, and oslo.config's Python. */
export async function oslo() {
  const shared = Deno.env.get("OSLO_DIR");
  const own = shared === undefined ? await tempDir() : null;
  const dir = own?.path ?? await Deno.makeTempDir({ dir: shared });
  const [command, ...words] = (Deno.env.get("OSLO_PYTHON") ?? "/usr/bin/python3").split(" ");
  const script = new URL("read_options.py", import.meta.url).pathname;
  return {
    dir,
    /** Writes the files of a case. */
    async write(index: number, { files }: Case): Promise<void> {
      for (const [path, text] of Object.entries(files)) {
        const whole = `${dir}/${index}/${path}`;
        await Deno.mkdir(whole.slice(0, whole.lastIndexOf("/")), { recursive: true });
        await Deno.writeTextFile(whole, text);
      }
    },
    /** Asks oslo.config about all cases at once. */
    async ask(
      cases: readonly unknown[],
    ): Promise<{ defaults: Record<string, Registered>; answers: Answer[] }> {
      const child = new Deno.Command(command!, {
        args: [...words, script],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(JSON.stringify(cases)));
      await writer.close();
      const { code, stdout, stderr } = await child.output();
      if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
      return JSON.parse(new TextDecoder().decode(stdout));
    },
    async [Symbol.asyncDispose]() {
      await own?.[Symbol.asyncDispose]();
    },
  };
}

/** The paths of a case, as its command line has them. */
export function pathsOf(dir: string, index: number, { files, args }: Case): ConfigPath[] {
  return (args ?? Object.keys(files)).map((arg) => ({
    path: `${dir}/${index}/${arg.replace(/\/$/, "")}`,
    directory: arg.endsWith("/"),
  }));
}

/** The words for oslo.config. */
export function wordsOf(paths: readonly ConfigPath[]): string[] {
  return paths.flatMap(({ path, directory }) => [
    directory ? "--config-dir" : "--config-file",
    path,
  ]);
}

/** Access to this machine's files. */
export const READER = {
  readFile: (path: string) => Deno.readFileSync(path),
  list: (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name),
};

/** What we read of these files; the message where we refuse them. */
export function ours(paths: readonly ConfigPath[]) {
  try {
    const { effective, config } = resolveConfig({
      flags: { lab: "off", etcd: "https://10.0.0.1:2379", neutron_url: "http://10.0.0.2:9696" },
      env: { CONDUCTOR_STATE_DIR: "/nowhere" },
      files: readConfigPaths(paths, READER),
      hostname: Deno.hostname(),
    });
    return { values: new Map(effective.map((one) => [one.option.name as string, one])), config };
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.message };
    throw error;
  }
}
