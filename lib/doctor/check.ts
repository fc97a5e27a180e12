/** A check of the doctor, and how checks are run: all at once, each with a deadline. @module */
import { z } from "zod";
import { deadline } from "../base/deadline.ts";
import { describeError } from "../base/log.ts";

export const findingSchema = z.object({
  /** What was looked at, such as `etcd http://10.0.0.1:2379`. */
  name: z.string(),
  /** `warning` does not make the command fail; `skipped` could not be looked at for another's fault. */
  state: z.enum(["ok", "warning", "failed", "skipped"]),
  /** What was found, one line. */
  found: z.string(),
  /** What to do about it; null when there is nothing to do. */
  advice: z.string().nullable(),
  /** The service that was looked at, when others cannot be looked at without it. */
  subject: z.literal("keystone").optional(),
});
/** One line of the doctor's report. */
export type Finding = z.infer<typeof findingSchema>;

/** A finding without its name. */
export type Verdict = Omit<Finding, "name" | "advice" | "subject"> & { readonly advice?: string };

/** One thing to look at. */
export interface Check {
  readonly name: string;
  /** What to do when it fails in a way that it does not foresee. */
  readonly advice: string;
  /** As in its findings. */
  readonly subject?: Finding["subject"];
  /** Resolves to one verdict under its own name, or to findings with theirs. @throws what is wrong. */
  run(signal: AbortSignal): Promise<Verdict | Finding[]>;
}

/** All is well. */
export const ok = (found: string): Verdict => ({ state: "ok", found });
/** It works, but not for long or not in full. */
export const warning = (found: string, advice: string): Verdict => ({
  state: "warning",
  found,
  advice,
});
/** It does not work. */
export const failed = (found: string, advice: string): Verdict => ({
  state: "failed",
  found,
  advice,
});
/** It depends on something that does not work. */
export const skipped = (found: string): Verdict => ({ state: "skipped", found });

/** The verdict under a name. */
export function named(name: string, { state, found, advice = "" }: Verdict): Finding {
  return { name, state, found: oneLine(found), advice: advice ? oneLine(advice) : null };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").slice(0, 600);
}

/** A check whose verdict is known already. */
export function settled(name: string, verdict: Verdict): Check {
  return { name, advice: "", run: () => Promise.resolve(verdict) };
}

/** Runs all checks at once; one that is not done within the deadline has failed. Findings in order. */
export async function runChecks(
  checks: readonly Check[],
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<Finding[]> {
  const found = await Promise.all(checks.map(async (check) => {
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    const work = check.run(either).catch((error) => {
      // The heading of a note that grpc-js leaves empty.
      const reason = describeError(error, false).replace(/ Resolution note: *$/, "");
      return failed(reason, check.advice);
    });
    const verdict = await deadline(
      work,
      deadlineMs,
      () => failed(`no result within ${deadlineMs / 1000} s`, check.advice),
    );
    end.abort(new Error("the check is over"));
    const findings = Array.isArray(verdict) ? verdict : [named(check.name, verdict)];
    const { subject } = check;
    return subject ? findings.map((finding) => ({ ...finding, subject })) : findings;
  }));
  return found.flat();
}

/** Computes once what several checks need; who comes later gets the same. */
export function once<T>(act: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    if (!result) {
      result = act();
      result.catch(() => {}); // who waits for it hears of it
    }
    return result;
  };
}
