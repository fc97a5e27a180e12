/**
 * Deno's permission audit log against a row of the permission table. The log has a line for each check,
 * refused ones too, of every kind but `run`.
 *
 * @module
 */
import { KINDS, type PermissionRow } from "../../lib/process/grants.ts";

type Kind = typeof KINDS[number];

/** One checked permission. */
export interface Access {
  readonly kind: string;
  readonly value: string;
}

/** The entries of a row that were used, those that were not, and what was used beside it. */
export interface Comparison {
  readonly unnamed: readonly string[];
  readonly unused: readonly string[];
}

/** Reads the text of an audit log; a line that is cut short (its process was killed) is left out. */
export function parseAuditLog(text: string): Access[] {
  return text.split("\n").flatMap((line) => {
    try {
      const { permission, value } = JSON.parse(line);
      return [{ kind: String(permission), value: String(value) }];
    } catch {
      return [];
    }
  });
}

/** What the row says against what was used. */
export function compare(row: PermissionRow, accesses: readonly Access[]): Comparison {
  const used = new Set<string>();
  const unnamed = new Set<string>();
  for (const { kind, value } of accesses) {
    const entries = KINDS.includes(kind as Kind) ? row[kind as Kind] : [];
    const entry = longest(entries.filter((entry) => covers(kind, entry, value)));
    if (entry === undefined) unnamed.add(`${kind} ${value}`);
    else used.add(`${kind} ${entry}`);
  }
  const named = KINDS.flatMap((kind) => row[kind].map((entry) => `${kind} ${entry}`));
  return { unnamed: [...unnamed], unused: named.filter((entry) => !used.has(entry)) };
}

function covers(kind: string, entry: string, value: string): boolean {
  switch (kind) {
    case "net":
      return entry === hostOf(value);
    case "read":
    case "write":
      return value === entry || value.startsWith(entry.replace(/\/?$/, "/"));
    default:
      return entry === value;
  }
}

/** A fetch is logged by its URL, everything else by host and port. */
function hostOf(value: string): string {
  if (!/^https?:/.test(value)) return value;
  const { hostname, port, protocol } = new URL(value);
  return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
}

/** Of nested paths, the innermost is what was meant. */
function longest(entries: readonly string[]): string | undefined {
  return entries.toSorted((a, b) => b.length - a.length)[0];
}
