/** A trace as text for the terminal. Pure. @module */
import { clip } from "../base/clip.ts";
import { formatDuration, isoTime, plural } from "../base/format.ts";
import { guardSentence } from "../sync/report/held_text.ts";
import {
  changeWords,
  leaderSentence,
  OTHERS_HIDDEN,
  reasonSentence,
  runWords,
  toldWords,
  verdictSentence,
} from "./sentences.ts";
import type { NeutronPort, Trace, TracedObject, TracedPort } from "./trace.ts";

/** Longest value of a place that differs, characters. */
const MAX_VALUE_CHARS = 200;
const MAX_LINE_CHARS = 1000;

/** All of it, port by port. */
export function formatTrace(trace: Trace): string {
  const { ports, more, objects, guards, troubles, node } = trace;
  return [
    verdictSentence(trace),
    ...troubles.map((trouble) => `trouble: ${trouble}`),
    ...ports.flatMap((port) => ["", ...portLines(port, trace)]),
    ...more > 0 ? ["", `… and ${plural(more, "more port")}: ask for one of them by its id`] : [],
    ...objects.length > 0 ? ["", "Their security groups and subnets:"] : [],
    ...objects.flatMap((object) => objectLines(object, trace)),
    ...guards.map(guardSentence),
    "",
    ...trace.seesOthers ? [] : [OTHERS_HIDDEN],
    leaderSentence(node),
  ].map((line) => clip(line, MAX_LINE_CHARS)).join("\n");
}

function portLines(port: TracedPort, trace: Trace): string[] {
  const { id, neutron, verdict, reasons, objects, elsewhere } = port;
  return [
    `port ${id}: ${verdict}`,
    ...neutron ? neutronLines(neutron) : [line("Neutron", "not listed")],
    ...objects.length === 0 ? keyLines(port, trace) : [],
    ...objects.flatMap((object) => objectLines(object, trace)),
    ...elsewhere.map(({ key, modRevision }) => line("elsewhere", `${key} (rev ${modRevision})`)),
    ...felixLines(port, trace),
    ...toldLines(port, trace),
    ...reasons.map((reason) =>
      line(verdict === "agrees" ? "note" : "because", reasonSentence(reason))
    ),
  ];
}

/** What is known of etcd where nothing was compared, or nothing is wanted and nothing is there. */
function keyLines({ keys }: TracedPort, { isSearched }: Trace): string[] {
  if (keys.length === 0) return [line("etcd", isSearched ? "nothing there" : "not known")];
  return keys.flatMap(({ key, modRevision }) => [
    line("etcd", `not compared (rev ${modRevision})`),
    `${INDENT}${key}`,
  ]);
}

function neutronLines(port: NeutronPort): string[] {
  const binding = [port.vifType, port.vnicType].filter(Boolean).join(", ");
  const updated = port.updatedAt ? `, updated ${port.updatedAt}` : "";
  const to = port.migratingTo === null ? "" : `, migrates to ${port.migratingTo}`;
  const down = port.isAdminUp === false ? ", admin state down" : "";
  return [
    line("Neutron", `${port.status}${down}, revision ${port.revision ?? "unknown"}${updated}`),
    ...port.name ? [line("name", port.name)] : [],
    line("device", `${port.device || "none"} (${port.deviceOwner || "no owner"})`),
    line("host", `${port.host || "none"} (${binding || "no binding"})${to}`),
    line("addresses", port.addresses.join(", ") || "none"),
    line("groups", port.securityGroups.join(", ") || "none"),
  ];
}

const ACTIONS = {
  create: "is missing",
  update: "differs",
  delete: "should not be there",
} as const;

function objectLines(
  { kind, key, subject, modRevision, action, isHeld, changes, moreChanges }: TracedObject,
  { node }: Trace,
): string[] {
  const state = action === null ? "as wanted" : ACTIONS[action] + (isHeld ? ", held back" : "");
  const revision = modRevision === null ? "" : ` (rev ${modRevision})`;
  const last = node?.changes.find((change) => change.subject === subject.id && change.key === key);
  return [
    line(kind, `${state}${revision}`),
    `${INDENT}${key}`,
    ...changes.map(({ path, before, after }) =>
      `${INDENT}  ${path}: ${valueText(before)} → ${valueText(after)}`
    ),
    ...moreChanges > 0 ? [`${INDENT}  … and ${plural(moreChanges, "more place")}`] : [],
    ...last
      ? [
        `${INDENT}${runWords(last)}${last.run === null ? "" : `: ${last.run} (${last.reason})`}, ${
          isoTime(last.at)
        }: ${changeWords(last)}`,
      ]
      : [],
  ];
}

function felixLines({ neutron, felix }: TracedPort, { agents, at, node }: Trace): string[] {
  const hosts = new Set([...neutron?.host ? [neutron.host] : [], ...felix.map(({ host }) => host)]);
  return [...hosts].map((host) => {
    const report = felix.find((each) => each.host === host);
    const agent = agents.find((each) => each.host === host);
    const age = agent?.time === undefined || agent.time === null
      ? ""
      : `, ${formatDuration(at - agent.time)} old`;
    const said = report
      ? `${report.status} (rev ${report.modRevision})`
      : agent
      ? "no report"
      : "not known";
    const reportedAt = node?.agents.find((each) => each.host === host)?.reportedAt ?? null;
    const told = reportedAt === null ? "" : `, told to Neutron at ${isoTime(reportedAt)}`;
    const state = `${agent?.state ?? "not asked"}${age}${told}`;
    return line("Felix", `${said} at ${host}; its agent: ${state}`);
  });
}

function toldLines({ id }: TracedPort, { node }: Trace): string[] {
  const told = node?.reports.filter(({ port }) => port === id) ?? [];
  if (told.length === 0) return node ? [line("told", nothingTold(node.reportsSince))] : [];
  return told.map((report) => {
    const { at, error } = report;
    const outcome = error ? `; not taken: ${error}` : "";
    return line("told", `${toldWords(report)}, at ${isoTime(at)}${outcome}`);
  });
}

/** That no report is known. `since`: from when on they are, ms since the epoch; null: never. */
export function nothingTold(since: number | null): string {
  return since === null
    ? "nothing by this node, as far as is known"
    : `nothing by this node since ${isoTime(since)}, from when on it is known`;
}

const WIDTH = 18;
const INDENT = " ".repeat(WIDTH + 2);

function line(name: string, text: string): string {
  return `  ${name.padEnd(WIDTH)}${text}`;
}

/** A value as JSON, cut to what can be read. */
export function valueText(value: unknown): string {
  return value === undefined ? "nothing" : clip(JSON.stringify(value), MAX_VALUE_CHARS);
}
