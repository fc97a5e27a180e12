/** That the broker is there and takes no messages, so that nothing is reported. Pure. @module */
import { lackAdvice, lackText } from "../bus/blocked_text.ts";
import { utcMinute } from "../base/format.ts";
import type { BusBlocked } from "../state/records.ts";
import type { Facts } from "./facts.ts";
import type { Finding, FindingOf } from "./findings.ts";
import { SILENT_MS } from "./limits.ts";
import { agentsNow, portsNow } from "./status_now.ts";

/** Of whose connection. */
export type BlockedReports = Readonly<Record<"agents" | "ports", BusBlocked | null>>;

/** Whose connection to the broker is blocked now; a record that is no longer written says nothing. */
export function blockedNow(facts: Facts): BlockedReports {
  const of = (record: { at: number; blocked?: BusBlocked | null } | null) =>
    record && facts.at - record.at <= SILENT_MS ? record.blocked ?? null : null;
  return { agents: of(agentsNow(facts)), ports: of(portsNow(facts)) };
}

/** One finding, whoever is concerned. */
export function busFindings(facts: Facts): Finding[] {
  const { agents, ports } = blockedNow(facts);
  const [first] = [agents, ports].filter((blocked) => blocked !== null)
    .sort((a, b) => a.since - b.since);
  if (!first) return [];
  const waits = { agents: agents !== null, ports: ports !== null };
  return [{ kind: "bus-blocked", level: "error", ...first, waits, at: facts.at }];
}

/** The finding in words. */
export function blockedSentence(
  { reason, since, waits, at }: FindingOf<"bus-blocked">,
): string {
  const waiting = [
    ...waits.agents ? ["agents' reports"] : [],
    ...waits.ports ? ["port status"] : [],
  ];
  const wait = waits.ports && !waits.agents ? "waits" : "wait";
  return `RabbitMQ ${lackText(reason)} since ${utcMinute(since, at)} and takes no messages. ` +
    `The connection stands, ${waiting.join(" and ")} ${wait}: ${lackAdvice(reason)}.`;
}
