/**
 * How a process of this product is started: the roles, the lab and the one-shot tools, each with its row
 * of `permissions.ts` and nothing more. Two ways behind one interface:
 *
 * - from source, `deno run --allow-…=… <module>`: Deno holds the whole process to its flags;
 * - from the compiled binary, which has no `deno run`, the binary starts itself as `role NAME [lab]`, and
 *   `lib/role/worker_host.ts` runs the same module in a Worker whose permissions are the same row.
 *
 * Either way the process is told its input on standard input, one line of JSON, because it may hold
 * secrets; the pipe stays open, and its end means that whoever started it is gone.
 *
 * @module
 */
import {
  LAB_WORD,
  modulePath,
  permissionFlags,
  type PermissionRow,
  type ProcessName,
  workerPermissions,
} from "./permissions.ts";
import { ROLE_NAMES, type RoleRow, SUPERVISED } from "./roles.ts";

/** A process ready to be started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** The first line on standard input, without its end. */
  readonly input: string;
}

/** Prepares processes; starting them is the caller's. */
export interface Launcher {
  /** Whether processes come from the compiled binary, and not from source. */
  readonly standalone: boolean;
  /**
   * @param input what the process is told, as `channel.input` of `lib/role/parent_channel.ts`; JSON
   * @param inLab whether the lab's own entry file is taken, where there is one
   */
  prepare(name: ProcessName, row: PermissionRow, input: unknown, inLab?: boolean): Launch;
}

/** Where processes come from. */
export interface LauncherOptions {
  /** Path of this process's executable: Deno's own, or the compiled binary. */
  readonly executable: string;
  /** Whether it is the compiled binary. */
  readonly standalone: boolean;
  /** Folder of `main.ts`, an absolute path; used from source only. */
  readonly root: string;
  /** This process's environment, of which others get the few names that they need. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** First word of the arguments with which the binary starts itself. */
export const ROLE_WORD = "role" as const;

/** What the binary is told on standard input by itself. */
export interface HostedInput {
  readonly permissions: Deno.PermissionOptionsObject;
  readonly input: unknown;
}

/** Names that Deno needs to find its module cache and CAs; the lab also finds `etcd` on the PATH. */
const PASSED_ENVIRONMENT = [
  "HOME",
  "DENO_DIR",
  "XDG_CACHE_HOME",
  "TMPDIR",
  "DENO_TLS_CA_STORE",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/**
 * How the C library keeps memory that a process has given back (glibc; others do not read it): in one pool and
 * not in one for each thread, and no more than 128 KiB at its end. Without these, what compiling the modules
 * took for a moment stays with each role; V8's heap is none of it.
 */
const MALLOC = { MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: String(128 * 1024) };

/** For people who look into a running node: never set in production, whoever reaches it may do anything. */
export const INSPECT = "CONDUCTOR_INSPECT";
/** Processes that can be looked into, in the order of their ports. */
export const INSPECTED: readonly ProcessName[] = [...ROLE_NAMES, "lab"];

/** The launcher that fits this process. */
export function createLauncher(
  { executable, standalone, root, environment }: LauncherOptions,
): Launcher {
  const imports = standalone ? [] : importFlags(root);
  const fromSource = (name: ProcessName, row: PermissionRow, inLab: boolean) => [
    "run",
    "--quiet",
    "--no-check",
    ...imports,
    v8Flags(name),
    ...inspection(name, environment),
    `--config=${root}/deno.json`,
    ...permissionFlags(row),
    `${root}/${modulePath(name, inLab)}`,
  ];
  return {
    standalone,
    prepare(name, row, input, inLab = false) {
      const hosted = (): HostedInput => ({ permissions: workerPermissions(row), input });
      return {
        command: executable,
        args: standalone
          ? [ROLE_WORD, name, ...inLab ? [LAB_WORD] : []]
          : fromSource(name, row, inLab),
        env: childEnvironment(name, environment),
        input: JSON.stringify(standalone ? hosted() : input),
      };
    },
  };
}

/**
 * A process runs what its supervisor's start has put into the cache and no other code: `--allow-net` does not
 * bind imports, and an import of a package that the lock does not know would be written into it.
 *
 * Without `links` the packages of @std come from JSR, whose imports count as remote ones even from the cache.
 */
function importFlags(root: string): string[] {
  const linked = /"links"\s*:/.test(Deno.readTextFileSync(`${root}/deno.json`));
  const remote = linked ? "--deny-import" : "--allow-import=jsr.io:443";
  return ["--cached-only", "--frozen", remote];
}

/**
 * How V8 uses memory in a process that runs from source.
 *
 * - Room for new objects, MiB: V8's own 16 stays with a process once a burst has filled it, a third of what an
 *   idle role holds; the syncer's bursts are large enough to profit. `compile.sh` does the same.
 * - How far the heap may grow before it is collected, percent of what lives: a storm of status, of which hardly
 *   anything stays, otherwise leaves a heap of several times that. The binary has one rule for all roles: V8's.
 */
export function v8Flags(name: ProcessName): string {
  if (name === "resource-syncer") return "--v8-flags=--max-semi-space-size=4";
  const few = "--v8-flags=--max-semi-space-size=1";
  return name.endsWith("-status-watcher") ? `${few},--heap-growing-percent=50` : few;
}

/** `CONDUCTOR_INSPECT=PORT`: Deno's inspector for every role, on loopback from that port on. */
function inspection(name: ProcessName, environment: LauncherOptions["environment"]): string[] {
  const first = Number(environment[INSPECT]);
  const place = INSPECTED.indexOf(name);
  if (!Number.isInteger(first) || first < 1 || place < 0) return [];
  return [`--inspect=127.0.0.1:${first + place}`];
}

/**
 * What Deno's OpenTelemetry is configured with, when it is, of a process that has spans; each is told apart by its
 * role. `OTEL_EXPORTER_OTLP_HEADERS` and the like are secrets. `--allow-net` does not bind Deno's exporter, which
 * is a part of the runtime: what keeps the others from sending is that they are not told where to.
 */
function telemetry(name: ProcessName, environment: LauncherOptions["environment"]) {
  const supervised: Readonly<Record<string, RoleRow | undefined>> = SUPERVISED;
  if (environment.OTEL_DENO === undefined || !supervised[name]?.sendsSpans) return {};
  const given = Object.entries(environment).filter(([key]) => key.startsWith("OTEL_"));
  const attributes = [environment.OTEL_RESOURCE_ATTRIBUTES, `conductor.role=${name}`];
  return {
    OTEL_SERVICE_NAME: "calico-conductor",
    ...Object.fromEntries(given),
    OTEL_RESOURCE_ATTRIBUTES: attributes.filter(Boolean).join(","),
  };
}

function childEnvironment(name: ProcessName, environment: LauncherOptions["environment"]) {
  const names = name === "lab" ? [...PASSED_ENVIRONMENT, "PATH"] : PASSED_ENVIRONMENT;
  const given = names.map((key) => [key, environment[key]] as const);
  const all = {
    NO_COLOR: "1",
    ...MALLOC,
    ...telemetry(name, environment),
    ...Object.fromEntries(given),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
