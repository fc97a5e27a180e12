/**
 * The sentences about a node: made from what was judged, here and nowhere else. They hold no running times,
 * so that a screen reader is told of a change of state and not of every second. Pure.
 *
 * @module
 */
import { alarmAdvice } from "../etcd/database_size.ts";
import { clip } from "../base/clip.ts";
import { formatDuration, plural, utcMinute } from "../base/format.ts";
import { guardSentence, leftOutSentence } from "../sync/report/held_text.ts";
import {
  goneSentence,
  overdueSentence,
  staleSentence,
  strandedSentence,
  unservedSentence,
} from "./agent_text.ts";
import { blockedSentence } from "./bus_findings.ts";
import { differingSentence } from "./configurations.ts";
import type { RoleStatus } from "./facts.ts";
import type { FindingKind, FindingOf, NotReady, RoleProblem } from "./findings.ts";
import { stepText } from "./resync_findings.ts";
import { headlineOf, MAX_QUOTED_CHARS, noLeaderLine, quoted, unseenLine } from "./headline.ts";
import type { Statement } from "./status.ts";

const MAX_END_CHARS = 200;

/** Each kind of finding as a sentence: what is wrong and what to do first. */
const SENTENCES: { readonly [K in FindingKind]: (finding: FindingOf<K>) => string } = {
  "roles-not-started": () => "The roles are not started yet; this takes some seconds.",
  "role": roleSentence,
  "election-unknown": () =>
    "Who leads is not known here: the manager has not reported, or does not run.",
  "election-problem": ({ problem }) => `Election: ${quoted(problem)}.`,
  "mastership-over": () =>
    "This node holds the election key, but its mastership has run out and it does no work: " +
    "check etcd and the machine's clock.",
  "mastership-unpublished": () =>
    "This node holds the election key, but its mastership is not published, so it does no work: " +
    "look at the manager's log.",
  "election-starting": () => "The election has just started; no node leads yet.",
  "no-leader": noLeaderSentence,
  "leader-unseen": (finding) =>
    `${unseenLine(finding)} What this node does as master rests until it sees the election again.`,
  "etcd-members": ({ total, silent, at }) => {
    const [first, ...rest] = silent;
    const { url, silentSince, error } = first!;
    const answering = total - silent.length;
    const not = rest.length > 0 ? `(and ${rest.length} more) do not` : "does not";
    return `${answering} of ${total} etcd members ${answering === 1 ? "answers" : "answer"}; ` +
      `${clip(url, 100)} ${not} since ${utcMinute(silentSince!, at)}: ${quoted(error!)}.`;
  },
  "etcd-alarm": ({ url, alarms, size }) =>
    alarms.includes("NOSPACE")
      ? `etcd is full and takes no writes (${clip(url, 100)}: ${size}): ${alarmAdvice(alarms)}.`
      : `etcd has raised the alarm ${clip(alarms.join(", "), 60)}: see etcd's log.`,
  "etcd-nearly-full": ({ url, size }) =>
    `etcd is nearly full (${clip(url, 100)}: ${size}): is it compacted, and defragmented?`,
  "node-config-differs": ({ differing }) => differingSentence(differing),
  "first-resync-due": () => "The first resync has not started yet.",
  "first-resync-running": () => "The first resync is running.",
  "resync-failed": resyncFailedSentence,
  "resync-warned": ({ first, more }) =>
    `The last resync warns: ${quoted(first)}${more > 0 ? ` (and ${more} more)` : ""}.`,
  "held-back": ({ guard }) => guardSentence(guard),
  "left-out": ({ left }) => leftOutSentence(left),
  "notifications-unheard": ({ trouble }) =>
    `Neutron's notifications are not heard, so changes take longer: ${quoted(trouble)}.`,
  "notifications-unsent": ({ changes }) =>
    `${plural(changes, "change")} came without a notification: Neutron sends none; ` +
    "set driver = messagingv2 in [oslo_messaging_notifications] of its neutron.conf.",
  "bus-blocked": blockedSentence,
  "agents-late": ({ lagMs }) =>
    `Agent status is seen ${formatDuration(lagMs)} late: the watcher falls behind, or the ` +
    "clocks differ; check etcd's load first.",
  "agents-gone": goneSentence,
  "hosts-unserved": unservedSentence,
  "agents-stale": staleSentence,
  "agents-overdue": overdueSentence,
  "migrations-stranded": strandedSentence,
  "ports-waiting": ({ queued, slow }) =>
    `${queued} port status reports are waiting${slow ? ": Neutron takes them too slowly" : ""}.`,
  "ports-failing": ({ failing }) =>
    `${plural(failing, "port status report")} to Neutron failed and ${
      failing === 1 ? "is" : "are"
    } tried again.`,
  "ports-overdue": ({ queued, oldest, at }) =>
    `${plural(queued, "port status report")} ${queued === 1 ? "waits" : "wait"} for Neutron, ` +
    `the first since ${utcMinute(oldest, at)}.`,
  "ports-in-error": ({ broken }) =>
    `${plural(broken, "port")} ${broken === 1 ? "is" : "are"} in error on ${
      broken === 1 ? "its host" : "their hosts"
    }; Neutron shows DOWN.`,
};

/** A finding in words, with its place on the page. */
export function stated<K extends FindingKind>(finding: FindingOf<K>): Statement {
  const detail = SENTENCES[finding.kind](finding);
  const text = headlineOf(finding, detail);
  const { kind, level } = finding;
  const link = LINKS[kind](finding);
  return { kind, level, text, ...text === detail ? {} : { detail }, link };
}

/** Path of the page that shows more. */
const LINKS: { readonly [K in FindingKind]: (finding: FindingOf<K>) => string } = {
  "roles-not-started": () => "/roles/supervisor",
  "election-unknown": () => "/roles/manager",
  "election-starting": () => "/election",
  "first-resync-due": () => "/roles/resource-syncer",
  "first-resync-running": () => "/resyncs",
  "agents-late": () => "/agents",
  "ports-failing": () => "/ports?why=failed",
  "ports-overdue": () => "/ports?why=waiting",
  "ports-in-error": () => "/ports?why=error",
  "role": ({ role }) => `/roles/${role}`,
  "election-problem": () => "/election",
  "mastership-over": () => "/election",
  "mastership-unpublished": () => "/election",
  "no-leader": () => "/election",
  "leader-unseen": () => "/election",
  "etcd-members": () => "/election",
  "etcd-alarm": () => "/election",
  "etcd-nearly-full": () => "/election",
  "node-config-differs": () => "/election",
  "resync-failed": ({ resync }) => `/resyncs/${resync}`,
  "resync-warned": ({ resync }) => `/resyncs/${resync}`,
  "held-back": ({ guard }) => `/resyncs/${guard.resync}`,
  "left-out": ({ left }) => `/resyncs/${left.resync}`,
  "notifications-unheard": () => "/resyncs",
  "notifications-unsent": () => "/resyncs",
  "bus-blocked": () => "/ports",
  "agents-gone": () => "/agents?state=gone",
  "hosts-unserved": () => "/agents?state=unserved",
  "agents-stale": () => "/agents",
  "agents-overdue": () => "/agents?state=late",
  "migrations-stranded": () => "/agents",
  "ports-waiting": () => "/ports",
};

function noLeaderSentence(finding: FindingOf<"no-leader">): string {
  const { last, nodes } = finding;
  const reason = last?.reason ? ` The last term: ${quoted(last.reason)}.` : "";
  const shown = nodes.slice(0, 3).map((name) => clip(name, 63)).join(", ");
  const registered = nodes.length > 0
    ? ` Registered: ${shown}${nodes.length > 3 ? " and others" : ""}.`
    : "";
  return `${noLeaderLine(finding)}${reason}${registered} Nothing is synchronised: check etcd and ` +
    "the managers' logs.";
}

function resyncFailedSentence(
  { error, askedAt, retry, at }: FindingOf<"resync-failed">,
): string {
  if (askedAt !== null) {
    return `The resync asked for at ${utcMinute(askedAt, at)} failed: ${quoted(error)}. ` +
      "It is not tried again by itself.";
  }
  const failed = `The last resync failed: ${quoted(error)}.`;
  if (!retry) return `${failed} Check Neutron and etcd; it is tried again by itself.`;
  const since = utcMinute(retry.startedAt, at);
  return `${failed} Try ${retry.attempt} runs since ${since}: ${stepText(retry)}.`;
}

const RESTARTS = "The supervisor restarts it; look at its last log lines.";
const WAIT = "If it stays so, look at its log.";

/** What is wrong with a role, and what to do about it; the role's own words say that themselves. */
function roleTexts(problem: RoleProblem): [text: string, advice: string] {
  const end = "lastEnd" in problem && problem.lastEnd
    ? `: ${clip(problem.lastEnd, MAX_END_CHARS)}`
    : "";
  switch (problem.is) {
    case "not-started":
      return ["not started yet", WAIT];
    case "waits-for-restart":
      return [`ended and waits for its restart${end}`, "Look at its last log lines first."];
    case "stopped":
      return [`stopped${end}`, "Start the node again if this was not wanted."];
    case "starts-slowly":
      return ["still starting after more than 10 s", WAIT];
    case "ends-again":
      return [`ends again and again${end}`, problem.runs ? RESTARTS : WAIT];
    case "silent":
      return ["no heartbeat for more than 10 s", RESTARTS];
    case "reported":
      return [clip(problem.problem, MAX_QUOTED_CHARS), ""];
  }
}

function roleSentence({ role, problem }: FindingOf<"role">): string {
  const [text, advice] = roleTexts(problem);
  return `${role}: ${quoted(text)}.${advice ? ` ${advice}` : ""}`;
}

/** What is wrong with a role, without a full stop of its own. */
export function problemText(problem: RoleProblem): string {
  return roleTexts(problem)[0];
}

/** Which role ends again and again, and why. */
export function endsAgainText({ name, process }: Pick<RoleStatus, "name" | "process">): string {
  const last = process?.lastEnd ? ` (${clip(process.lastEnd, MAX_END_CHARS)})` : "";
  return `${name} ends again and again${last}`;
}

/** Why a node is not ready. */
export function notReadyText(reason: NotReady): string {
  switch (reason.is) {
    case "role-down":
      return `${reason.role} is not running or gives no heartbeat`;
    case "no-leader":
      return "no election leader is known";
    case "no-resync":
      return "no resync has succeeded yet";
  }
}
