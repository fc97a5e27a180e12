/** Processes that are started as a node starts them, each with an audit log of its permissions. @module */
import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { createLauncher, type Launcher } from "../../lib/process/launcher.ts";
import { formatText, type LogEntry } from "../../lib/base/log.ts";
import { machinePlaces } from "../../lib/process/machine_places.ts";
import type { PermissionRow } from "../../lib/process/permissions.ts";
import { readProcessPlace } from "../../lib/process/place.ts";
import { roleSpecs } from "../../lib/node/role_specs.ts";
import { openStateDir } from "../../lib/state/directory.ts";
import type { StateStore } from "../../lib/state/store.ts";
import { Supervisor } from "../../lib/node/supervisor.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { type Access, parseAuditLog } from "./accesses.ts";

/** A process that was started. */
export interface Audited {
  readonly name: string;
  readonly row: PermissionRow;
  /** Its audit log. */
  accesses(): Promise<Access[]>;
}

/** A launcher whose processes write audit logs into `dir`, and what it has started. */
export function auditingLauncher(dir: string): { launcher: Launcher; started: Audited[] } {
  const plain = createLauncher({
    executable: Deno.execPath(),
    standalone: false,
    root: new URL("../..", import.meta.url).pathname.replace(/\/$/, ""),
    environment: Deno.env.toObject(),
  });
  const started: Audited[] = [];
  const launcher: Launcher = {
    standalone: false,
    prepare(name, row, input, inLab) {
      const path = `${dir}/${started.length}-${name}.jsonl`;
      started.push({
        name,
        row,
        accesses: async () => parseAuditLog(await Deno.readTextFile(path).catch(() => "")),
      });
      const launch = plain.prepare(name, row, input, inLab);
      return { ...launch, env: { ...launch.env, DENO_AUDIT_PERMISSIONS: path } };
    },
  };
  return { launcher, started };
}

/** A whole node under audit, its supervisor in this process. */
export interface AuditedNode extends AsyncDisposable {
  readonly store: StateStore;
  readonly started: readonly Audited[];
  /** What its processes logged, one line each. */
  readonly lines: string[];
  /** Ends it in order. */
  stop(): Promise<void>;
}

/** Starts all processes of the configuration. */
export async function startAudited(config: Config, logDir: string): Promise<AuditedNode> {
  const log = new LogRecorder();
  const { launcher, started } = auditingLauncher(logDir);
  const lines: string[] = [];
  const state = await openStateDir(config.stateDir, "the audit", log);
  const process = await readProcessPlace();
  const places = { ...await machinePlaces(config, launcher, log), process, seals: state.seals };
  const specs = roleSpecs(config, places, launcher);
  const supervisor = new Supervisor({
    log,
    clock: systemClock,
    store: state.store,
    roleTimeoutMs: config.supervision.roleTimeoutMs,
    stopTimeoutMs: config.supervision.stopTimeoutMs,
    forward: (entry: LogEntry) => lines.push(formatText(entry)),
    random: Math.random,
  });
  await supervisor.start(specs);
  return {
    store: state.store,
    started,
    lines,
    stop: () => supervisor.stop(),
    async [Symbol.asyncDispose]() {
      await supervisor.stop();
      state[Symbol.dispose]();
    },
  };
}
