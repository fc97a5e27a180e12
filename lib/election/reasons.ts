/** Why a term ends and why a key is not held: as values, and in words for the log, the page and the history. @module */

/** Why a term of this node is over. */
export type TermEnd =
  | { readonly why: "stopped" | "key-lost" }
  | { readonly why: "step-down"; readonly by: string }
  | { readonly why: "unpublished"; readonly problem: string }
  /** `problem`: what was wrong with etcd, if that is known. */
  | { readonly why: "expired"; readonly problem: string | null }
  | { readonly why: "clock-stepped"; readonly byMs: number; readonly problem: string | null };

/** Why a term is over by the clocks alone. */
export type Overdue = TermEnd & { why: "expired" | "clock-stepped" };

/** For people. */
export function describeTermEnd(end: TermEnd): string {
  switch (end.why) {
    case "stopped":
      return "stopped in order";
    case "key-lost":
      return "the election key is another's";
    case "step-down":
      return `stepped down, asked by ${end.by}`;
    case "unpublished":
      return end.problem;
    case "expired":
      return withProblem("not refreshed before the end of the lease", end.problem);
    case "clock-stepped":
      return withProblem(`the clock was stepped by ${Math.round(end.byMs)} ms`, end.problem);
  }
}

function withProblem(text: string, problem: string | null): string {
  return problem === null ? text : `${text}; ${problem}`;
}

/** Why the election key may be removed. */
export type StaleReason =
  /** This process has written it in an attempt that it gave up. */
  | { readonly why: "own-attempt" }
  /** An earlier manager of this node, with that process id, has written it. */
  | { readonly why: "predecessor"; readonly pid: number }
  /** It has no lease and did not change for so long. */
  | { readonly why: "unleased"; readonly unchangedMs: number };

/** For people. */
export function describeStale(reason: StaleReason): string {
  switch (reason.why) {
    case "own-attempt":
      return "it is left of an attempt of this process";
    case "predecessor":
      return `it is left of process ${reason.pid}, an earlier manager of this node`;
    case "unleased":
      return `it has no lease and did not change for ${reason.unchangedMs / 1000} s`;
  }
}
