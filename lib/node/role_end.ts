/** Why a role's process has ended. @module */

/** What ended it; `complaint` is the first error that it wrote. */
export type RoleEnd =
  | { readonly why: "not-started"; readonly problem: string }
  | { readonly why: "exit"; readonly code: number; readonly complaint: string | null }
  | { readonly why: "signal"; readonly signal: Deno.Signal; readonly complaint: string | null }
  /** It showed no heartbeat and was stopped; `doing`: what the last one said, null: there was none. */
  | {
    readonly why: "silent";
    readonly silentMs: number;
    readonly doing: string | null;
    readonly complaint: string | null;
  }
  | { readonly why: "request"; readonly by: string };

/** For people. */
export function describeRoleEnd(end: RoleEnd): string {
  if (end.why === "not-started") return `could not be started: ${end.problem}`;
  if (end.why === "request") return `restart asked for by ${end.by}`;
  return [reason(end), end.complaint].filter(Boolean).join(": ");
}

function reason(end: RoleEnd & { why: "exit" | "signal" | "silent" }): string {
  if (end.why === "exit") return `exit code ${end.code}`;
  if (end.why === "signal") return `killed by ${end.signal}`;
  const last = end.doing === null ? "" : `, the last one: ${end.doing}`;
  return `no heartbeat for ${Math.round(end.silentMs / 1000)} s${last}`;
}
