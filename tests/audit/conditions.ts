/**
 * Entries of the permission table that the audit does not see used, and why they are there: one line
 * each, and where the condition is tested. Everything else that is named and not used fails the audit.
 *
 * @module
 */
import { KINDS } from "../../lib/process/grants.ts";

/** An entry that is used under a condition only. */
export interface Condition {
  readonly process: RegExp;
  readonly kind: typeof KINDS[number];
  readonly entry: RegExp;
  /** When it is used. */
  readonly when: string;
  /** Where that is tested; null: nowhere, it follows from how the library works. */
  readonly test: string | null;
}

export const CONDITIONS: readonly Condition[] = [
  {
    process: /./,
    kind: "net",
    entry: /^\[::1\]:/,
    when: "another address of the same host name (localhost): tried when the first refuses",
    test: null,
  },
  {
    process: /^lab$/,
    kind: "run",
    entry: /^sh$/,
    when: "always; Deno's audit log does not record what is run",
    test: "tests/binary/refusal_test.ts: without it the lab's etcd does not start",
  },
];

/** The condition of an unused entry, `kind entry`. */
export function conditionOf(process: string, unused: string): Condition | undefined {
  return CONDITIONS.find((condition) =>
    condition.process.test(process) &&
    unused.startsWith(`${condition.kind} `) &&
    condition.entry.test(unused.slice(condition.kind.length + 1))
  );
}
