/** How comparing goes, in words. Pure. @module */
import { formatDuration, plural } from "../../base/format.ts";
import type { PaceReason, RoundsRecord } from "../../state/records.ts";

const MINUTE_MS = 60_000;

/** Why it goes by the intervals. */
const REASONS: { readonly [K in Exclude<PaceReason, "rounds">]: string } = {
  first: "everything is compared once at first",
  budget: "neutron_budget is 0",
  unconfigured: "no notifications are listened to",
  unheard: "Neutron's notifications are not heard",
  unsent: "Neutron sends no notifications",
  gap: "notifications may have been missed",
};

/** Which round goes on and how far it is, or why none does. */
export function paceText({ pace, round, whole, compared, total }: RoundsRecord): string {
  if (pace !== "rounds") return `by the intervals: ${REASONS[pace]}`;
  if (round === 0) return "round and round, the first begins soon";
  const done = total === 0 ? "" : `, ${Math.min(100, Math.floor(100 * compared / total))} %`;
  return `round ${round}${whole ? " (whole objects, and etcd)" : ""}${done}`;
}

/** How often every port is compared; null: that is not known. */
export function periodText({ everyMs, isMeasured }: RoundsRecord): string | null {
  if (everyMs === null) return null;
  // Rounded up, for minutes are cut off.
  const ms = everyMs < MINUTE_MS ? everyMs : Math.ceil(everyMs / MINUTE_MS) * MINUTE_MS;
  const every = `every port compared at least every ${formatDuration(ms)}`;
  return isMeasured ? every : `${every} (an estimate: no round has ended yet)`;
}

/** What comparing takes of Neutron, and may take while it goes round; null: nothing was compared. */
export function shareText({ sharePercent, budgetPercent, pace }: RoundsRecord): string | null {
  if (sharePercent === null) return null;
  const allowed = pace === "rounds" ? ` of ${budgetPercent} % allowed` : "";
  return `${sharePercent} %${allowed} of one API worker's time`;
}

/** Why Neutron is spared. */
const SPARED: { readonly [K in NonNullable<RoundsRecord["requests"]["spared"]>]: string } = {
  slow: "it answers more slowly than usual",
  "too-many": "it called them too many (429)",
  unavailable: "it was not available (502, 503 or 504)",
  "no-answer": "it did not answer",
};

/** How many requests Neutron gets at a time, and why not more; null: as many as are allowed. */
export function requestsText({ requests: { limit, most, spared } }: RoundsRecord): string | null {
  if (spared === null) return null;
  return `Neutron is spared, ${limit} of ${plural(most, "request")} at a time: ${SPARED[spared]}`;
}

/** All of it, parted by semicolons. */
export function roundsText(record: RoundsRecord): string {
  const all = [paceText(record), periodText(record), shareText(record), requestsText(record)];
  return all.filter((text) => text !== null).join("; ");
}
