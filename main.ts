/**
 * calico-conductor: the leader-only jobs of Calico's OpenStack driver, one process per job.
 *
 * This module only routes: to a command of `commands/`, which gets everything of the process handed
 * in, or, in the compiled binary, to the role that the binary started itself for. What is not needed is
 * not loaded.
 *
 * Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 not healthy, 4 a dry run has found
 * differences.
 *
 * @module
 */
import type { Invocation } from "./commands/commands.ts";
import type { CommandContext } from "./commands/context.ts";
import { escapeControls, escapeLines } from "./lib/base/escape_controls.ts";
import { write, writeAll } from "./lib/base/write.ts";
import { ConfigError } from "./lib/config/config_error.ts";
import type { ConfigReader } from "./lib/config/config_paths.ts";

/** The launcher's word: the compiler holds it to that, and the launcher need not be loaded for it. */
const ROLE_WORD: typeof import("./lib/process/launcher.ts").ROLE_WORD = "role";

/** The operator's files; read at once, as the configuration is made at once. */
const FILES: ConfigReader = { readFile: Deno.readFileSync, list: listOptional };

async function main(args: string[]): Promise<number> {
  try {
    if (Deno.build.standalone && args[0] === ROLE_WORD) {
      const { hostRole } = await import("./lib/role/worker_host.ts");
      return await hostRole(args.slice(1), moduleUrl);
    }
    const { parseCommandLine } = await import("./commands/commands.ts");
    const asked = await parseCommandLine(args, terminalWidth());
    if (asked === "version") return print(await version());
    if ("help" in asked) return print(asked.help);
    return await asked.run(await context(asked));
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    printError(`calico-conductor: ${error instanceof Error ? error.message : error}\n`);
    return name === "UsageError" || name === "ConfigError" ? 2 : 1;
  }
}

/** Where a module is that a thread begins with: beside this one; the binary's are JavaScript. */
function moduleUrl(path: string): URL {
  const own = Deno.build.standalone ? path.replace(/\.ts$/, ".js") : path;
  return new URL(own, import.meta.url);
}

/** Characters of a line of the terminal on standard output; undefined: it is none. */
function terminalWidth(): number | undefined {
  return Deno.stdout.isTerminal() ? Deno.consoleSize().columns || undefined : undefined;
}

async function version(): Promise<string> {
  const { VERSION } = await import("./lib/base/version.ts");
  return `calico-conductor ${VERSION} (Deno ${Deno.version.deno}, ${Deno.build.target})`;
}

async function context({ options, configPaths }: Invocation): Promise<CommandContext> {
  const { createLauncher } = await import("./lib/process/launcher.ts");
  const { notifyAddress } = await import("./lib/node/service_manager.ts");
  const env = Deno.env.toObject();
  return {
    ...await configuration(options, configPaths, env),
    launcher: createLauncher({
      executable: Deno.execPath(),
      standalone: Deno.build.standalone,
      root: import.meta.dirname!,
      environment: env,
    }),
    pid: Deno.pid,
    errorIsTerminal: Deno.stderr.isTerminal(),
    guides: async () => (await import("./commands/commands.ts")).guides(),
    print,
    printLog,
    printError,
    redraw,
    onTerminal: () => [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal()),
    notifyAddress: notifyAddress(env, Deno.pid),
    notifierModule: moduleUrl("roles/notifier.ts"),
    onSignal: (signal, handler) => Deno.addSignalListener(signal, handler),
  };
}

/** What a command may know of configurations: its own, and a running node's. */
async function configuration(
  options: Invocation["options"],
  configPaths: Invocation["configPaths"],
  env: Readonly<Record<string, string>>,
): Promise<Pick<CommandContext, "resolve" | "resolveRecorded" | "given">> {
  const { resolveConfig } = await import("./lib/config/resolve.ts");
  const { readConfigPaths, readRecordedPaths } = await import("./lib/config/config_paths.ts");
  const { readableCredentials, readCredentials } = await import("./lib/config/credentials.ts");
  const { usualStateDir } = await import("./lib/config/complete.ts");
  const { resolveRecorded } = await import("./lib/config/recorded_settings.ts");
  const { pointerDirectory } = await import("./lib/state/node_record.ts");
  const hostname = Deno.hostname();
  const readFile = readOptional;
  return {
    resolve(more = {}) {
      const files = readConfigPaths(configPaths, FILES);
      const credentials = readCredentials(env, FILES);
      const flags = { ...options, ...more };
      return resolveConfig({ flags, env, credentials, files, hostname, readFile });
    },
    resolveRecorded({ settings, configFiles, warnings = [] }, environment) {
      const files = readRecordedPaths(configFiles, FILES);
      const credentials = readableCredentials(environment, FILES);
      const places = { flags: {}, env: environment, credentials, files };
      const input = { ...places, hostname, readFile: readOrNull };
      return { ...resolveRecorded(settings, input, env), warnings };
    },
    given: {
      options,
      configPaths,
      env,
      places: {
        usual: usualStateDir(env),
        pointers: pointerDirectory(env),
        services: "/var/lib",
      },
    },
  };
}

/** Names in a directory that need not be there. */
function listOptional(path: string): string[] | null {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** A file that need not be there; one that is but cannot be read is an error. */
function readOptional(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw new ConfigError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

function readOrNull(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

/** @throws {Error} standard output takes no more, and its reader is not gone. */
function print(text: string): number {
  try {
    writeAll(Deno.stdout, lines(text));
    return 0;
  } catch (error) {
    throw new Error(`standard output cannot be written: ${(error as Error).message}`);
  }
}

function printLog(text: string): void {
  write(Deno.stdout, lines(text));
}

function lines(text: string): string {
  return escapeLines(text.endsWith("\n") ? text : text + "\n");
}

function printError(text: string): void {
  write(Deno.stderr, escapeLines(text));
}

function redraw(line: string): void {
  write(Deno.stderr, `\r\x1b[K${escapeControls(line)}`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
