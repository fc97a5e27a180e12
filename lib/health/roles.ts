/** How a role is. Pure functions of what the supervisor and the role itself have written. @module */
import type { Alive, RoleState } from "../state/records.ts";
import { isCrashLoop } from "../node/restart_policy.ts";
import type { Level, RoleStatus } from "./facts.ts";
import type { RoleProblem } from "./findings.ts";
import { SILENT_MS } from "./limits.ts";

/** How grave each problem of a role is. */
export const ROLE_LEVELS = {
  "not-started": "warn",
  "waits-for-restart": "error",
  "stopped": "warn",
  "starts-slowly": "warn",
  "ends-again": "warn",
  "silent": "error",
  "reported": "error",
} as const satisfies Record<RoleProblem["is"], Level>;

/** What is wrong with a role, or null; `now` in ms since the epoch. */
export function problemOf(
  process: RoleState | null,
  alive: Alive | null,
  now: number,
): RoleProblem | null {
  if (!process) return { is: "not-started" };
  const { state, startedAt, lastEnd } = process;
  // Until it has been healthy for a while, a start is one more try.
  const again = isCrashLoop(process);
  switch (state) {
    case "backoff":
      return { is: "waits-for-restart", lastEnd };
    case "stopped":
      return { is: "stopped", lastEnd };
    case "starting":
      if (again) return { is: "ends-again", lastEnd, runs: false };
      return now - (startedAt ?? now) <= SILENT_MS ? null : { is: "starts-slowly" };
    case "running":
      if (!alive || now - alive.at > SILENT_MS) return { is: "silent" };
      if (alive.problem) return { is: "reported", problem: alive.problem };
      return again ? { is: "ends-again", lastEnd, runs: true } : null;
  }
}

/** How a role is, in a word: one that runs but does not do its job is not just "running". */
export function roleWord({ process, level }: Pick<RoleStatus, "process" | "level">): string {
  if (!process) return "not started";
  return process.state === "running" && level === "error" ? "in trouble" : process.state;
}

/** Whether a role is running and alive. */
export function isUp(role: RoleStatus): boolean {
  return role.process?.state === "running" && role.silentMs !== null && role.silentMs <= SILENT_MS;
}

/** Roles that end again and again, whether they wait for the next start or are being tried. */
export function endingAgain<Role extends Pick<RoleStatus, "process">>(
  roles: readonly Role[],
): Role[] {
  return roles.filter(({ process }) => isCrashLoop(process));
}
