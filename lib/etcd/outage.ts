/** Whether etcd can be had, for the log of a process. @module */
import type { Clock } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { Outage } from "../base/outage.ts";
import { isOfMember, isTimeout, refusalOf } from "./call_errors.ts";

/** The outage that all jobs of a process have in common. */
export function etcdOutage(context: { readonly log: Log; readonly clock: Clock }): Outage {
  return new Outage("etcd serves again", context);
}

/**
 * The cause of a failed call: refused, dropped and late ones are one, since all come from members that do not serve;
 * each thing that etcd or a certificate says is one of its own.
 */
export function etcdCause(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal !== null) return refusal;
  return isUnanswered(error) ? "no answer" : describeError(error);
}

/** Whether the error is, or comes of, a call that no member answered. */
function isUnanswered(error: unknown): boolean {
  if (isOfMember(error) || isTimeout(error)) return true;
  return error instanceof Error && error.cause !== undefined && isUnanswered(error.cause);
}
