/**
 * A finding in one line: what is wrong, in a length that a page, a terminal and a service manager show whole. The
 * whole sentence stands below it. Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import { utcMinute } from "../base/format.ts";
import type { FindingKind, FindingOf } from "./findings.ts";

/** The longest headline, in characters. */
export const MAX_HEADLINE_CHARS = 120;
/** How much of another's text is in a sentence. */
export const MAX_QUOTED_CHARS = 300;
/** A name of a node or host in a headline, in characters. */
const MAX_NAME_CHARS = 22;

/** Kinds whose headline is no beginning of their sentence; null: here it is. */
const HEADLINES: { readonly [K in FindingKind]?: (finding: FindingOf<K>) => string | null } = {
  "no-leader": noLeaderLine,
  "leader-unseen": unseenLine,
  "resync-failed": ({ retry, error, askedAt, at }) =>
    askedAt !== null || retry === null
      ? null
      : `The last resync failed; try ${retry.attempt} runs ` +
        `since ${utcMinute(retry.startedAt, at)}: ${quoted(error)}.`,
  "etcd-alarm": ({ alarms }) => {
    if (!alarms.includes("NOSPACE")) return null;
    return alarms.every((alarm) => alarm === "NOSPACE")
      ? "etcd is full and takes no writes: compact it, defragment its members, then disarm the alarm."
      : "etcd is full and takes no writes, and has another alarm: see its log, and disarm nothing yet.";
  },
  "mastership-over": () => "This node holds the election key, but its mastership has run out.",
  "mastership-unpublished": () =>
    "This node holds the election key, but its mastership is not published.",
};

/** The headline of a finding, of which `sentence` tells all. */
export function headlineOf<K extends FindingKind>(finding: FindingOf<K>, sentence: string): string {
  return fitted(HEADLINES[finding.kind]?.(finding) ?? sentence);
}

/** Parts of a sentence that may be left off at its end, and how much has to remain before them. */
const CUTS = [
  { at: /\. (?=[A-Z])/g, least: 24, end: "." },
  { at: /(?:[;,]| \(| – |: ) ?/g, least: 60, end: "…" },
] as const;

/** A sentence, without its end where it is too long: up to a full stop, else a clause, else wherever it is. */
function fitted(sentence: string): string {
  if (sentence.length <= MAX_HEADLINE_CHARS) return clip(sentence, MAX_HEADLINE_CHARS);
  for (const { at, least, end } of CUTS) {
    const found = [...sentence.matchAll(at)].map(({ index }) => index)
      .filter((index) => index >= least && index < MAX_HEADLINE_CHARS).at(-1);
    if (found !== undefined) return clip(sentence.slice(0, found) + end, MAX_HEADLINE_CHARS);
  }
  return clip(sentence, MAX_HEADLINE_CHARS);
}

/** That nobody leads, since when, and who says so. */
export function noLeaderLine({ here: name, last, at }: FindingOf<"no-leader">): string {
  const here = short(name);
  if (last === null) return `No node leads, on the word of ${here}; since when is not known.`;
  const since = utcMinute(last.since, at);
  const [node, by] = [short(last.node), short(last.by)];
  const and = last.by === name ? "" : ` and of ${here}`;
  switch (last.word) {
    case "led":
      return `No node leads since ${since}, on the word of ${node}, which led${and && `,${and}`}.`;
    case "seen":
      return `No node leads since ${since}, on the word of ${by}${and}.`;
    case "lease":
      return `No node leads since about ${since}, the end of ${node}'s lease as ${by} saw it.`;
    case "history":
      return `No node leads since ${since}, on the word of ${here} and of the history in etcd.`;
  }
}

/** That this node sees no leader, since when, and why. */
export function unseenLine({ here, since, problem, at }: FindingOf<"leader-unseen">): string {
  const when = since === null ? "" : ` since ${utcMinute(since, at)}`;
  return `No leader is seen${when}, on the word of ${short(here)}: ${quoted(problem)}.`;
}

function short(name: string): string {
  return clip(name, MAX_NAME_CHARS);
}

/**
 * Another's text as a part of a sentence: cut, without a full stop of its own, and without what gRPC puts
 * between brackets, which holds running times. The role's card and log have all of it.
 */
export function quoted(text: string): string {
  const bare = text.replace(/ \(\d+ [A-Z_]+:[^)]*\)/g, "");
  return clip(bare, MAX_QUOTED_CHARS).replace(/[.\s]+$/, "");
}
