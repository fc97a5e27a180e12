/** A trace's verdicts and reasons as sentences, for the page and the command line. Pure. @module */
import { plural } from "../base/format.ts";
import type { PortReport } from "../status/port_reports.ts";
import type { LastChange, NodeAccount, Reason, Trace } from "./trace.ts";

const SENTENCES: { readonly [Is in Reason["is"]]: (detail: string) => string } = {
  "not-in-neutron": () => "Neutron lists no such port.",
  "not-understood": (why) =>
    `Neutron's record cannot be understood, so etcd is left alone: ${why}.`,
  "not-a-vm": (owner) =>
    `It is no VM's port (device owner ${JSON.stringify(owner)}): only ports of compute:… and ` +
    "kuryr:container have endpoints.",
  "unbound": () => "It is bound to no host: a port has an endpoint once Neutron has bound it.",
  "binding-failed": () =>
    "Neutron could not bind it (binding_failed): check the host's agent in Neutron and the drivers of " +
    "ML2, then bind it again.",
  "guarded": (why) => `A guard keeps what nothing wants any more from being deleted (${why}).`,
  "left-out": (what) => `A part of it is left out or noted: ${what}.`,
  "other-namespace": () => "Its id occurs in the namespace of another region, or of none, as well.",
  "other-region": () =>
    "Only the namespace of another region, or of none, has it: it is a port there.",
  "no-leader": () => "No node leads, so that nobody writes.",
  "watching": () => "The node that leads only watches (startup_resync is never): ask for a resync.",
  "run-failed": (error) => `The last resync failed: ${error}.`,
  "not-compared": () => "It could not be compared.",
  "due": (id) =>
    `It is due with the next resync; calico-conductor resync --port=${id} makes it equal now.`,
  "ask-leader": (leader) => `${leader} leads and knows why: trace it there.`,
  "unexplained": (id) =>
    `Why is not known here; calico-conductor resync --port=${id} makes it equal.`,
  "status-waiting": () => "Felix's newest status waits to be taken by Neutron.",
  "status-failed": (error) => `Neutron did not take Felix's newest status: ${error}.`,
  "status-error": () => "Felix reports an error, which Neutron shows as DOWN.",
  "status-differs": () => "Neutron shows another status than Felix reports.",
  "no-felix-status": () => "Felix has not reported it at the host that it is bound to.",
  "agent-silent": (host) =>
    `Felix of ${host} is silent: what it reported may be old, and new endpoints are not programmed.`,
};

/** That keys of other namespaces are not known. */
export const OTHERS_HIDDEN =
  "etcd's user may read no other namespace: keys of these ports there are not known.";

/** A reason as a sentence. */
export function reasonSentence({ is, detail }: Reason): string {
  return SENTENCES[is]((detail ?? "").replace(/[.\s]+$/, ""));
}

/** The verdict as a sentence. */
export function verdictSentence({ verdict, query, ports, more }: Trace): string {
  const shown = more > 0
    ? `${plural(ports.length, "port")} of ${ports.length + more}`
    : plural(ports.length, "port");
  switch (verdict) {
    case "nothing":
      return `Nothing is found: neither Neutron nor etcd knows a port, device, host or address ${query}.`;
    case "agrees":
      return `${shown}: nothing differs.`;
    case "differs":
      return `${shown}: not all agree.`;
    case "unknown":
      return `${shown}: not all can be known.`;
  }
}

/** Who leads, as this node sees it. */
export function leaderSentence(node: NodeAccount | null): string {
  if (node === null) return "No state of a node can be read here: who leads is not known.";
  if (node.leads) return `This node (${node.node ?? "without a name"}) leads.`;
  if (!node.isElectionKnown) return "Who leads is not known here.";
  return node.leader === null
    ? "No node leads."
    : `${node.leader} leads; what it told Neutron, and what it changed, is known there.`;
}

/** What Neutron was told of a port at a host, and why that is not what Felix says. */
export function toldWords(
  { host, status, told, gone }: Pick<PortReport, "host" | "status" | "told" | "gone">,
): string {
  const why = gone
    ? ", as its endpoint is gone"
    : status === told
    ? ""
    : `, as Felix reports ${status}`;
  return `${told} of ${host}${why}`;
}

/** Whose change it is: a run that failed may not have written what it found. */
export function runWords({ run, isWritten }: Pick<LastChange, "run" | "isWritten">): string {
  if (run === null) return "changed last as Neutron announced it";
  return isWritten
    ? "last run to change it"
    : "last run to change it, which failed and may not have";
}

/** A change that a run has made, in a few words. */
export function changeWords({ action, kind, changes }: LastChange): string {
  const places = changes.map(({ path }) => path).join(", ");
  return `${action} of ${kind}${places === "" ? "" : `: ${places}`}`;
}
