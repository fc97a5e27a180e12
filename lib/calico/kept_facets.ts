/**
 * What an endpoint or a policy shows of other objects, facet by facet. Where such an object is not known (it is hidden
 * from us, not understood, or nobody can be asked), what etcd holds of that facet stays: not knowing a
 * network's name is no reason to take the name away. Pure.
 *
 * @module
 */
import { withPrefix } from "./ip_network.ts";
import {
  FQDN,
  GROUP_LABEL,
  GROUP_NAME_LABEL,
  NETWORK_ID,
  NETWORK_NAME,
  PROJECT_ID,
  PROJECT_NAME,
  PROJECT_PARENT,
} from "./labels.ts";
import { sameJson } from "./same_json.ts";

/** A part of an endpoint that comes from something else than its port, or of a policy. */
export type Facet =
  /** The label with the name of that network. */
  | { readonly of: "network"; readonly id: string }
  /** The gateway of the subnet in which it has that address. */
  | { readonly of: "gateway"; readonly address: string }
  /** A field of the spec: of its QoS policy or its floating IPs. */
  | { readonly of: "spec"; readonly field: "qosControls" | "ipNATs" }
  /** These of its floating IPs. */
  | { readonly of: "addresses"; readonly addresses: ReadonlySet<string> }
  /** The labels of a security group; null: of all. */
  | { readonly of: "group"; readonly id: string | null }
  /** The labels of that project, but for the id. */
  | { readonly of: "project"; readonly id: string }
  /** The annotation with its name in DNS. */
  | { readonly of: "fqdn" }
  /** Its allowed address pairs. */
  | { readonly of: "pairs" }
  /** The rules of a policy that are like this one, which has to have networks and lacks them. */
  | KeptRules;

/** See {@linkcode Facet}. */
export interface KeptRules {
  readonly of: "rules";
  readonly direction: "ingress" | "egress";
  /** Where they stand in the list of that direction; of several, the last comes first. */
  readonly at: number;
  readonly like: Json;
}

type Json = Readonly<Record<string, unknown>>;
type Texts = Record<string, string>;

/** The parts of a resource that come from Neutron. */
export interface ResourceParts {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Json;
}

/** The resource with those facets as they are stored. `stored`: the value in etcd, parsed. */
export function withKept(
  resource: ResourceParts,
  keep: readonly Facet[],
  stored: Json | null,
): ResourceParts {
  if (keep.length === 0 || stored === null) return resource;
  const metadata = object(stored.metadata);
  const had = {
    labels: texts(metadata.labels),
    annotations: texts(metadata.annotations),
    spec: object(stored.spec),
  };
  const labels: Texts = { ...resource.labels };
  const annotations: Texts = { ...resource.annotations };
  const spec: Record<string, unknown> = { ...resource.spec };
  for (const facet of keep) {
    switch (facet.of) {
      case "network":
        if (had.annotations[NETWORK_ID] === facet.id) copy(labels, had.labels, [NETWORK_NAME]);
        break;
      case "project":
        if (had.labels[PROJECT_ID] !== facet.id) break;
        copy(labels, had.labels, [PROJECT_NAME, PROJECT_PARENT]);
        break;
      case "gateway":
        keepGateway(spec, had.spec, facet.address);
        break;
      case "group":
        copy(labels, had.labels, groupLabels(had.labels, facet.id));
        break;
      case "addresses":
        keepAddresses(spec, had.spec, facet.addresses);
        break;
      case "fqdn":
        copy(annotations, had.annotations, [FQDN]);
        break;
      case "spec":
        copy(spec, had.spec, [facet.field]);
        break;
      case "pairs":
        keepPairs(spec, had.spec);
        break;
      case "rules":
        keepRules(spec, had.spec, facet);
        break;
    }
  }
  return { ...resource, labels, annotations, spec };
}

/** The labels of one group or of all: by its id, and those whose value is it. */
function groupLabels(labels: Readonly<Texts>, id: string | null): string[] {
  return Object.entries(labels).filter(([name, value]) =>
    id === null
      ? name.startsWith(GROUP_LABEL) || name.startsWith(GROUP_NAME_LABEL)
      : name === GROUP_LABEL + id || (name.startsWith(GROUP_NAME_LABEL) && value === id)
  ).map(([name]) => name);
}

/** In the order in which they were, and what is new behind them. */
function keepAddresses(spec: Record<string, unknown>, had: Json, kept: ReadonlySet<string>): void {
  const wanted = (spec.ipNATs ?? []) as readonly Json[];
  const before = (Array.isArray(had.ipNATs) ? had.ipNATs : []) as (Json | null)[];
  const isWanted = (nat: Json | null) => wanted.some((other) => sameJson(nat, other));
  const stay = before.filter((nat) => kept.has(String(nat?.externalIP)) || isWanted(nat));
  const come = wanted.filter((nat) => !stay.some((other) => sameJson(nat, other)));
  if (stay.length + come.length > 0) spec.ipNATs = [...stay, ...come];
}

/** Only of an address that it had before: another one may be in another subnet. */
function keepGateway(spec: Record<string, unknown>, had: Json, address: string): void {
  if (!Array.isArray(had.ipNetworks) || !had.ipNetworks.includes(withPrefix(address))) return;
  copy(spec, had, [address.includes(":") ? "ipv6Gateway" : "ipv4Gateway"]);
}

/** `ipNetworks` are the fixed addresses and then the pairs. */
function keepPairs(spec: Record<string, unknown>, had: Json): void {
  if (!Array.isArray(had.allowedIps)) return;
  const { ipNetworks, allowedIps } = spec as { ipNetworks: unknown[]; allowedIps: unknown[] };
  const fixed = ipNetworks.slice(0, ipNetworks.length - allowedIps.length);
  spec.ipNetworks = [...fixed, ...had.allowedIps];
  spec.allowedIps = had.allowedIps;
}

/** Those that stand there for themselves are not kept again. */
function keepRules(spec: Record<string, unknown>, had: Json, facet: KeptRules): void {
  const { direction, at, like } = facet;
  const stored = had[direction];
  if (!Array.isArray(stored)) return;
  const wanted = spec[direction] as readonly unknown[];
  const kept = stored.filter((rule) =>
    isLike(rule, facet) && !wanted.some((other) => sameJson(other, rule))
  );
  if (kept.length > 0) spec[direction] = wanted.toSpliced(at, 0, ...kept);

  function isLike(rule: unknown, { direction }: KeptRules): boolean {
    const side = direction === "ingress" ? "source" : "destination";
    const { nets, ...peer } = object(object(rule)[side]);
    if (!Array.isArray(nets) || nets.length === 0) return false;
    const { [side]: _, ...rest } = object(rule);
    return sameJson(Object.keys(peer).length > 0 ? { ...rest, [side]: peer } : rest, like);
  }
}

function copy<T>(to: Record<string, T>, from: Readonly<Record<string, T>>, names: string[]): void {
  for (const name of names) if (Object.hasOwn(from, name)) to[name] = from[name]!;
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? value as Json : {};
}

function texts(value: unknown): Texts {
  const pairs = Object.entries(object(value)).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(pairs) as Texts;
}
