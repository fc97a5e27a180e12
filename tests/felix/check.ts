/** What has to hold of a cloud when Felix has read it. @module */
import type { Desired } from "../../lib/sync/model/translate.ts";
import { type Cloud, desiredOf, type Item, pairOf } from "./cloud.ts";
import { HOSTS, uuid } from "./drawn_cloud.ts";
import type { Judge, Judged, Outcome, Pair } from "./judge.ts";
import { isExpressible, type Members, neutronAllows, type Packet } from "./neutron_rule.ts";
import { packetsFor } from "./packets.ts";
import { felixAllows } from "./programmed.ts";

/** What was looked at, and what is wrong. */
export class Findings {
  readonly counts = {
    clouds: 0,
    objects: 0,
    accepted: 0,
    unread: 0,
    withoutAddress: 0,
    oddNames: 0,
    endpoints: 0,
    rules: 0,
    exactRules: 0,
    leftOutRules: 0,
    packets: 0,
  };
  readonly wrong: string[] = [];

  /** Notes what is wrong; of many the first are enough. */
  add(what: string): void {
    if (this.wrong.length < 20) this.wrong.push(what);
  }
}

/** How a pair of a kind that Felix reads may fare: an endpoint without addresses is none to it. */
function hasNoAddress({ kind, resource }: Desired): boolean {
  return kind === "WorkloadEndpoint" && (resource!.spec.ipNetworks as string[]).length === 0;
}

/** Whether calicoctl would take the names in it, as it takes those that Kubernetes would. */
function hasPlainNames({ resource }: Desired): boolean {
  return /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/.test(resource!.name);
}

/** Notes each object that Felix does not take. */
export function checkVerdicts(
  desired: readonly Desired[],
  pairs: readonly Pair[],
  { verdicts }: Judged,
  findings: Findings,
): void {
  const { counts } = findings;
  counts.objects += pairs.length;
  for (const [i, { accepted, unread, judge, why, v3 }] of verdicts.entries()) {
    const { kind } = desired[i]!;
    if (v3 !== undefined) {
      if (hasPlainNames(desired[i]!)) findings.add(`validator v3: ${v3}\n${pairs[i]!.value}`);
      else counts.oddNames++;
    }
    if (accepted) counts.accepted++;
    else if (unread && (kind === "Subnet" || kind === "LiveMigration")) counts.unread++;
    else if (judge === "update processor" && hasNoAddress(desired[i]!)) counts.withoutAddress++;
    else {findings.add(
        `${kind} refused by ${judge ?? "no one: unread"}: ${why}\n${pairs[i]!.value}`,
      );}
  }
}

type Fields = Readonly<Record<string, unknown>>;
type Tier = Readonly<Record<"ingressPolicies" | "egressPolicies", readonly string[] | undefined>>;

/** Notes endpoints that are not programmed at their host, with all their groups' policies and only with addresses. */
export function checkEndpoints(
  cloud: Cloud,
  desired: readonly Desired[],
  judged: Judged,
  findings: Findings,
): void {
  for (const want of desired) {
    if (want.kind !== "WorkloadEndpoint" || hasNoAddress(want)) continue;
    const { spec } = want.resource!;
    const outcome = judged.hosts[spec.node as string];
    const found = Object.entries(outcome?.endpoints ?? {})
      .find(([id]) => id.endsWith(` ${spec.endpoint}`))?.[1];
    findings.counts.endpoints++;
    if (!found) findings.add(`endpoint ${spec.endpoint} is not programmed at ${spec.node}`);
    else {checkEndpoint(
        found,
        cloud.ports.find(({ id }) => id === spec.endpoint)!,
        outcome!,
        findings,
      );}
  }
}

function checkEndpoint(endpoint: Fields, port: Item, outcome: Outcome, findings: Findings): void {
  const nets = [endpoint.ipv4Nets ?? [], endpoint.ipv6Nets ?? []].flat() as string[];
  const wide = nets.filter((net) => !net.endsWith(net.includes(":") ? "/128" : "/32"));
  if (wide.length > 0) findings.add(`endpoint ${port.id} draws ${wide} to itself`);
  const tiers = (endpoint.tiers ?? []) as Tier[];
  for (const group of port.security_groups as string[]) {
    for (const list of ["ingressPolicies", "egressPolicies"] as const) {
      const named = tiers.flatMap((tier) => tier[list] ?? [])
        .find((name) => name.endsWith(`/ossg.default.${group}`));
      if (!named) findings.add(`endpoint ${port.id} has not ${group} among its ${list}`);
      else if (!outcome.policies[named]) findings.add(`policy ${named} is not programmed`);
    }
  }
}

/** A VM on the first host that is in every group, and with each rule a group that has it alone. */
function withSoloRules(cloud: Cloud): { cloud: Cloud; solo: Map<string, Item> } {
  const rules = cloud.securityGroups.flatMap((group) => group.security_group_rules as Item[]);
  const solo = new Map(rules.map((rule, n) => [uuid("99", n), rule]));
  const groups = [...solo].map(([id, rule]) => ({ id, name: "", security_group_rules: [rule] }));
  const subject = {
    ...cloud.ports[0]!,
    id: uuid("77", 0),
    fixed_ips: [{ subnet_id: uuid("d", 4), ip_address: "10.0.7.7" }],
    allowed_address_pairs: [],
    security_groups: [...solo.keys()],
    "binding:host_id": HOSTS[0],
    "binding:profile": {},
  };
  return {
    cloud: {
      ...cloud,
      securityGroups: [...cloud.securityGroups, ...groups],
      ports: [...cloud.ports, subject],
    },
    solo,
  };
}

/** The addresses of a group's ports; with the networks among their allowed pairs when `wide`. */
function membersOf(cloud: Cloud, wide: boolean): Members {
  const members = new Map<string, string[]>();
  for (const port of cloud.ports) {
    const fixed = (port.fixed_ips as { ip_address: string }[]).map((ip) => ip.ip_address);
    const pairs = (port.allowed_address_pairs as { ip_address: string }[]).map((p) => p.ip_address);
    for (const id of port.security_groups as string[]) {
      const known = members.get(id) ?? [];
      members.set(id, [...known, ...fixed, ...(wide ? pairs : [])]);
    }
  }
  return members;
}

/** What Neutron means by the groups of a cloud. */
interface Meaning {
  readonly most: Members;
  readonly least: Members;
  readonly addressGroups: Members;
}

/** Notes a packet that Felix lets pass and Neutron does not, or the reverse where Calico has such a rule. */
function checkRule(
  rule: Item,
  packets: readonly Packet[],
  policy: Fields,
  outcome: Outcome,
  { most, least, addressGroups }: Meaning,
  findings: Findings,
): void {
  const isExact = isExpressible(rule, addressGroups);
  const isLeftOut = !policy.inboundRules && !policy.outboundRules;
  const { counts } = findings;
  counts.rules++;
  counts.packets += packets.length;
  if (isExact) counts.exactRules++;
  if (isLeftOut) counts.leftOutRules++;
  if (isLeftOut && !isExact) return;
  for (const packet of packets) {
    const passes = felixAllows(policy, packet, outcome.ipSets);
    const isWrong = passes
      ? !neutronAllows(rule, packet, most, addressGroups)
      : isExact && neutronAllows(rule, packet, least, addressGroups);
    if (!isWrong) continue;
    const what = passes ? "Felix lets more pass" : "Felix lets less pass than it could";
    findings.add(`${what}: ${JSON.stringify({ rule, packet, policy })}`);
    return;
  }
}

/** Puts a drawn cloud, and each of its rules alone, through Felix. */
export async function checkCloud(drawn: Cloud, judge: Judge, findings: Findings): Promise<void> {
  const { cloud, solo } = withSoloRules(drawn);
  const desired = desiredOf(cloud);
  const pairs = desired.map((want) => pairOf(want, cloud.region));
  const hosts = new Set(desired.map(({ group }) => group).filter((name) => HOSTS.includes(name)));
  const judged = await judge.cloud(pairs, [...hosts]);
  findings.counts.clouds++;
  checkVerdicts(desired, pairs, judged, findings);
  checkEndpoints(cloud, desired, judged, findings);
  const addresses = cloud.ports.flatMap((port) => port.fixed_ips as { ip_address: string }[])
    .map((ip) => ip.ip_address).slice(0, 4);
  const meaning = {
    most: membersOf(cloud, true),
    least: membersOf(cloud, false),
    addressGroups: new Map(cloud.addressGroups.map((g) => [g.id, g.addresses as string[]])),
  };
  const outcome = judged.hosts[HOSTS[0]!]!;
  const policies = new Map(
    Object.entries(outcome.policies).map((
      [name, policy],
    ) => [name.split("ossg.default.")[1], policy]),
  );
  for (const [id, rule] of solo) {
    const policy = policies.get(id);
    if (!policy) findings.add(`the policy of one rule is not programmed: ${JSON.stringify(rule)}`);
    else checkRule(rule, packetsFor(rule, addresses), policy, outcome, meaning, findings);
  }
}
