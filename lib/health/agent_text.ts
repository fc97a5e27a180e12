/** The sentences about Felix's agents and about hosts without one. Pure. @module */
import { clip } from "../base/clip.ts";
import { formatCount, plural, utcMinute } from "../base/format.ts";
import type { FindingOf } from "./findings.ts";

const MAX_HOST_CHARS = 63;

export function goneSentence(
  { gone, total, endpoints, hosts }: FindingOf<"agents-gone">,
): string {
  const there = endpoints === 0 ? "" : `, with ${plural(endpoints, "endpoint")} on ${theirs(gone)}`;
  return `${formatCount(gone)} of ${plural(total, "agent")} ${gone === 1 ? "is" : "are"} gone ` +
    `(${named(hosts, gone)}): no status in etcd any more${there}. Check Felix and the network of ` +
    `${gone === 1 ? "this host" : "these hosts"} first.`;
}

export function unservedSentence(
  { unserved, endpoints, hosts }: FindingOf<"hosts-unserved">,
): string {
  const names = hosts.map(({ host, like }) =>
    `${short(host)}${like ? `, like ${short(like)}` : ""}`
  );
  const more = unserved > hosts.length ? "; …" : "";
  const are = endpoints === 1 ? "is" : "are";
  return `${plural(endpoints, "endpoint")} ${are} on ${
    plural(unserved, "host")
  } of which no Felix ` +
    `reports (${
      names.join("; ")
    }${more}): compare Nova's name of the host with FelixHostname there.`;
}

export function staleSentence({ stale, total, hosts }: FindingOf<"agents-stale">): string {
  return `${formatCount(stale)} of ${plural(total, "agent")} gave no status for more than ` +
    `5 min (${named(hosts, stale)}): check Felix on these hosts first.`;
}

export function overdueSentence({ late, total, hosts }: FindingOf<"agents-overdue">): string {
  return `${formatCount(late)} of ${plural(total, "agent")} gave no status for more than 75 s ` +
    `(${named(hosts, late)}), after which Neutron calls an agent dead: check Felix and the clock ` +
    "of these hosts.";
}

export function strandedSentence(
  { total, oldest: { host, port, since }, at }: FindingOf<"migrations-stranded">,
): string {
  const more = total > 1 ? `, and ${formatCount(total - 1)} more` : "";
  return `A live migration leads to a host of which no Felix reports: port ${short(port)} to ` +
    `${short(host)} since ${utcMinute(since, at)}${more}. Bring the host back, or clear ` +
    "migrating_to in the port's binding profile.";
}

/** The first hosts of so many. */
function named(hosts: readonly string[], count: number): string {
  return `${hosts.map(short).join(", ")}${count > hosts.length ? ", …" : ""}`;
}

function short(name: string): string {
  return clip(name, MAX_HOST_CHARS);
}

function theirs(hosts: number): string {
  return hosts === 1 ? "it" : "them";
}
