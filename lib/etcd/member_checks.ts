/**
 * Asks every member of etcd in turn how it does, for people: the page, the metrics. What calls go by is
 * `members.ts`, which learns from the calls themselves; nothing is decided by what is found here.
 *
 * A member answers when it serves a read that needs the cluster's agreement, so one answer proves a quorum.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { clip } from "../base/clip.ts";
import { deadline } from "../base/deadline.ts";
import { describeError, type Log } from "../base/log.ts";
import { withoutUserInfo } from "../base/user_info.ts";
import type { EtcdMembers } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { isTimeout, refusalOf } from "./call_errors.ts";
import type { Member } from "./member.ts";

/** Between two checks of all members, ms: when all answer, and when one does not. */
const INTERVAL_MS = 10_000;
const SILENT_INTERVAL_MS = 2000;
/** Time for a member's answer, ms. */
const ANSWER_MS = 3000;
const LATE = `no answer within ${ANSWER_MS / 1000} s`;
const MAX_ERROR_CHARS = 120;

/** What the checks need. */
export interface MemberChecks {
  readonly store: Pick<StateStore, "writeEtcdMembers">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Checks the members, all at once, and publishes how they do, until `signal` aborts. */
export async function checkMembers(
  members: readonly Pick<Member, "url" | "probe">[],
  { store, clock, log }: MemberChecks,
  signal: AbortSignal,
): Promise<void> {
  let last: EtcdMembers["members"] = [];
  while (!signal.aborted) {
    const at = clock.now();
    last = await Promise.all(members.map(async (member, i) => {
      const error = await failureOf(member, signal);
      const silentSince = error === null ? null : last[i]?.silentSince ?? at;
      return { url: member.url, silentSince, error };
    }));
    if (signal.aborted) return; // an orderly stop does not wait for a silent member, of which it knows nothing
    await store.writeEtcdMembers({ at: clock.now(), members: last }).catch((error) => {
      log.debug("how etcd's members do could not be published", { error });
    });
    const allAnswer = last.every(({ error }) => error === null);
    await clock.sleep(allAnswer ? INTERVAL_MS : SILENT_INTERVAL_MS, signal).catch(() => {});
  }
}

/** Why a member does not answer, or null; anything, at once, when the signal aborts. */
async function failureOf(
  member: Pick<Member, "probe">,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    // A login may come before the call, with a time of its own.
    const probe = member.probe(Date.now() + ANSWER_MS).then(() => null);
    return await deadline(probe, ANSWER_MS, () => LATE, { signal });
  } catch (error) {
    return isTimeout(error) ? LATE : shortReason(error);
  }
}

/** Of what grpc-js says, the part for people: it wraps the system's word in sentences of its own. */
function shortReason(error: unknown): string {
  const text = refusalOf(error) ?? describeError(error, false);
  const code = /\b(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)\b/.exec(text)?.[1];
  return code ? REASONS[code]! : clip(withoutUserInfo(text, ""), MAX_ERROR_CHARS);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
};
