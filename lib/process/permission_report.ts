/** The permission table as `calico-conductor permissions` prints it. @module */
import type { Config } from "../config/config_types.ts";
import { KINDS } from "./grants.ts";
import {
  type PermissionPlaces,
  type PermissionRow,
  permissionRow,
  type ProcessName,
} from "./permissions.ts";
import { supervisedNames } from "./roles.ts";
import { TOOL_NAMES } from "./tools.ts";

/** One process of the table. */
export interface ReportedRow extends PermissionRow {
  readonly name: string;
  /** A tool runs for a moment; the others as long as the node does. */
  readonly kind: "role" | "lab" | "tool";
}

/** The whole table. */
export interface PermissionReport {
  /** What holds a process to its row. */
  readonly enforcedBy: "flags of deno run" | "permissions of a Worker";
  readonly processes: readonly ReportedRow[];
  /** What the table does not know yet. */
  readonly notes: readonly string[];
}

/** The rows of all processes of this configuration, the tools last. */
export function reportPermissions(config: Config, places: PermissionPlaces): ReportedRow[] {
  const row = (name: ProcessName, kind: ReportedRow["kind"]): ReportedRow => (
    { name, kind, ...permissionRow(name, config, places) }
  );
  return [
    ...supervisedNames(config).map((name) => row(name, name === "lab" ? "lab" : "role")),
    ...TOOL_NAMES.map((name) => row(name, "tool")),
  ];
}

/** The table for people: a block per process, a line per kind, one entry below the other when long. */
export function formatPermissions({ enforcedBy, processes, notes }: PermissionReport): string {
  const blocks = processes.map((row) => {
    const lines = KINDS.filter((kind) => row[kind].length > 0)
      .map((kind) => `  ${kind.padEnd(6)}${fold(row[kind])}`);
    return [row.kind === "tool" ? `${row.name} (a tool)` : row.name, ...lines].join("\n") +
      (lines.length === 0 ? "\n  nothing" : "");
  });
  const words = `Everything else is refused, by the ${enforcedBy}.`;
  return [...blocks, [words, ...notes].join("\n")].join("\n\n");
}

/** Entries side by side, in lines of at most about 90 characters. */
function fold(entries: readonly string[]): string {
  const lines: string[] = [];
  for (const entry of entries) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + entry.length < 80) {
      lines[lines.length - 1] += ` ${entry}`;
    } else lines.push(entry);
  }
  return lines.join("\n" + " ".repeat(8));
}
