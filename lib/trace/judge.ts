/** What is made of a trace: whether all agree on a port, and why they do not. Pure. @module */
import { isVmOwner } from "../openstack/records.ts";
import type { Guard, LeftOut } from "../state/records.ts";
import type {
  CloudAccount,
  CloudPort,
  NodeAccount,
  Reason,
  Trace,
  TracedPort,
  Verdict,
} from "./trace.ts";

/** Neutron shows another status than Felix reports; it shows no ERROR, which is as it should be. */
const OTHER_STATUS: ReadonlySet<Reason["is"]> = new Set([
  "status-waiting",
  "status-failed",
  "status-differs",
]);

/** In that order ports are told, as what differs is what is looked for. */
const ORDER: Readonly<Record<TracedPort["verdict"], number>> = {
  differs: 0,
  unknown: 1,
  agrees: 2,
};

/** The whole of a trace. `node`: null when nobody's state could be read. */
export function judgeTrace(cloud: CloudAccount, node: NodeAccount | null): Trace {
  const ports = cloud.ports.map((port) => judgePort(port, cloud, node))
    .toSorted((a, b) => ORDER[a.verdict] - ORDER[b.verdict]);
  return { ...cloud, ports, node, verdict: verdictOf(cloud, ports) };
}

function verdictOf(cloud: CloudAccount, ports: readonly TracedPort[]): Verdict {
  const others = cloud.objects.some(({ action }) => action !== null);
  if (others || ports.some(({ verdict }) => verdict === "differs")) return "differs";
  if (!cloud.isCompared || cloud.troubles.length > 0) return "unknown";
  if (ports.some(({ verdict }) => verdict === "unknown")) return "unknown";
  return ports.length === 0 ? "nothing" : "agrees";
}

function judgePort(port: CloudPort, cloud: CloudAccount, node: NodeAccount | null): TracedPort {
  const differs = port.objects.some(({ action }) => action !== null) || port.elsewhere.length > 0;
  const left = [...cloud.leftOut, ...node?.leftOut ?? []]
    .flatMap((left) => namesIn(left, port.id).map((detail) => ({ why: left.why, detail })));
  const unread = left.find(({ why }) => why === "not-understood");
  const served = servedReasons(port, cloud);
  const partly = left.filter((each) => each !== unread);
  const reasons: Reason[] = [
    ...unread ? [{ is: "not-understood" as const, detail: unread.detail }] : served,
    ...unique(partly.map(({ detail }) => detail)).map((detail) => reason("left-out", detail)),
    ...port.elsewhere.length > 0 ? [reason("other-namespace")] : [],
    ...differs ? differenceReasons(port, cloud, node) : [],
  ];
  const status = statusReasons(port, cloud, node);
  const isStatusOther = status.some(({ is }) => OTHER_STATUS.has(is));
  const isKnown = cloud.isCompared && !unread;
  const verdict = differs || isStatusOther ? "differs" : isKnown ? "agrees" : "unknown";
  return { ...port, verdict, reasons: [...reasons, ...status] };
}

/** Why Neutron wants nothing of it in etcd, or what is strange with what it wants. */
function servedReasons({ neutron, isServed }: CloudPort, { isCompared }: CloudAccount): Reason[] {
  if (!isCompared) return [reason("not-compared")];
  if (neutron === null) return [reason("not-in-neutron")];
  const failed = neutron.vifType === "binding_failed" ? [reason("binding-failed")] : [];
  if (isServed) return failed;
  if (!isVmOwner(neutron.deviceOwner)) return [reason("not-a-vm", neutron.deviceOwner)];
  return [...failed, reason("unbound")];
}

/** Why etcd is not as Neutron wants it. */
function differenceReasons(
  { id, objects }: CloudPort,
  cloud: CloudAccount,
  node: NodeAccount | null,
): Reason[] {
  const isLost = objects.some(({ action }) => action === "delete");
  const guards = isLost ? heldOf("ports", [...cloud.guards, ...node?.guards ?? []]) : [];
  const held = unique(guards.map(({ why }) => why)).map((why) => reason("guarded", why));
  if (held.length > 0) return held;
  if (node === null || !node.isElectionKnown) return [reason("unexplained", id)];
  if (node.leader === null && !node.leads) return [reason("no-leader")];
  if (!node.leads) return [reason("ask-leader", node.leader)];
  if (node.watches) return [reason("watching")];
  return [node.runError === null ? reason("due", id) : reason("run-failed", node.runError)];
}

/** What Felix says beside what Neutron shows. */
function statusReasons(
  { id, neutron, isServed, felix }: CloudPort,
  { agents, troubles }: CloudAccount,
  node: NodeAccount | null,
): Reason[] {
  if (!neutron || !isServed || neutron.host === "") return [];
  const agent = agents.find(({ host }) => host === neutron.host);
  const silent = agent && (agent.state === "stale" || agent.state === "none")
    ? [reason("agent-silent", neutron.host)]
    : [];
  const report = felix.find(({ host }) => host === neutron.host);
  if (!report) {
    return troubles.length > 0 || !agent ? [] : [...silent, reason("no-felix-status")];
  }
  if (neutron.status === (report.status === "ACTIVE" ? "ACTIVE" : "DOWN")) {
    return report.status === "ERROR" ? [...silent, reason("status-error")] : silent;
  }
  const known = node?.differing.find(({ port, host }) => port === id && host === neutron.host);
  if (known?.why === "failed") return [...silent, reason("status-failed", known.error)];
  return [...silent, reason(known?.why === "waiting" ? "status-waiting" : "status-differs")];
}

function heldOf(collection: string, guards: readonly Guard[]): Guard[] {
  return guards.filter((guard) => guard.collection === collection);
}

/** What is said of that object among what was left. */
function namesIn({ names }: LeftOut, id: string): string[] {
  return names.filter((name) => name.includes(id));
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function reason(is: Reason["is"], detail: string | null = null): Reason {
  return { is, detail };
}
