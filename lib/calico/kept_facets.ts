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
  | {
    readonly of: "rules";
    readonly direction: "ingress" | "egress";
    /** Where they stand in the list of that direction; of several, the last comes first. */
    readonly at: number;
    readonly like: Json;
  };

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
  const had: Parts = {
    labels: texts(metadata.labels),
    annotations: texts(metadata.annotations),
    spec: object(stored.spec),
  };
  const now: Parts = {
    labels: { ...resource.labels },
    annotations: { ...resource.annotations },
    spec: { ...resource.spec },
  };
  for (const facet of keep) (KEEP[facet.of] as Keeper<Facet>)(now, had, facet);
  return { ...resource, ...now };
}

/** What of a resource may be kept. */
interface Parts {
  readonly labels: Texts;
  readonly annotations: Texts;
  readonly spec: Record<string, unknown>;
}

/** Makes a facet of `now` what it was in `had`. */
type Keeper<F extends Facet> = (now: Parts, had: Readonly<Parts>, facet: F) => void;

const KEEP: { readonly [Of in Facet["of"]]: Keeper<Extract<Facet, { of: Of }>> } = {
  network(now, had, { id }) {
    if (had.annotations[NETWORK_ID] === id) copy(now.labels, had.labels, [NETWORK_NAME]);
  },
  project(now, had, { id }) {
    if (had.labels[PROJECT_ID] !== id) return;
    copy(now.labels, had.labels, [PROJECT_NAME, PROJECT_PARENT]);
  },
  group: (now, had, { id }) => copy(now.labels, had.labels, groupLabels(had.labels, id)),
  fqdn: (now, had) => copy(now.annotations, had.annotations, [FQDN]),
  spec: (now, had, { field }) => copy(now.spec, had.spec, [field]),
  /** Only of an address that it had before: another one may be in another subnet. */
  gateway({ spec }, { spec: had }, { address }) {
    if (!list(had.ipNetworks).includes(withPrefix(address))) return;
    copy(spec, had, [gatewayField(address)]);
  },
  /** In the order in which they were, and what is new behind them. */
  addresses({ spec }, { spec: had }, { addresses }) {
    const wanted = list(spec.ipNATs);
    const stay = list(had.ipNATs).filter((nat) => {
      const { externalIP } = object(nat);
      return (typeof externalIP === "string" && addresses.has(externalIP)) || isIn(wanted, nat);
    });
    const come = wanted.filter((nat) => !isIn(stay, nat));
    if (stay.length + come.length > 0) spec.ipNATs = [...stay, ...come];
  },
  /** `ipNetworks` are the fixed addresses and then the pairs. */
  pairs({ spec }, { spec: had }) {
    if (!Array.isArray(had.allowedIps)) return;
    const { ipNetworks, allowedIps } = spec as { ipNetworks: unknown[]; allowedIps: unknown[] };
    const fixed = ipNetworks.slice(0, ipNetworks.length - allowedIps.length);
    spec.ipNetworks = [...fixed, ...had.allowedIps];
    spec.allowedIps = had.allowedIps;
  },
  /** Those that stand there for themselves are not kept again. */
  rules({ spec }, { spec: had }, { direction, at, like }) {
    const wanted = list(spec[direction]);
    const kept = list(had[direction]).filter((rule) => {
      const { nets, rest } = withoutNets(object(rule), direction);
      return list(nets).length > 0 && sameJson(rest, like) && !isIn(wanted, rule);
    });
    if (kept.length > 0) spec[direction] = wanted.toSpliced(at, 0, ...kept);
  },
};

/** A rule of a policy without the networks of its peer, and these. */
export function withoutNets(
  rule: Json,
  direction: "ingress" | "egress",
): { readonly nets: unknown; readonly rest: Json } {
  const side = direction === "ingress" ? "source" : "destination";
  const { [side]: whole, ...rest } = rule;
  const { nets, ...peer } = object(whole);
  return { nets, rest: Object.keys(peer).length > 0 ? { ...rest, [side]: peer } : rest };
}

/** The field with the gateway of that address' subnet, or with that gateway itself. */
export function gatewayField(address: string): "ipv4Gateway" | "ipv6Gateway" {
  return address.includes(":") ? "ipv6Gateway" : "ipv4Gateway";
}

/** The labels of one group or of all: by its id, and those whose value is it. */
function groupLabels(labels: Readonly<Texts>, id: string | null): string[] {
  return Object.entries(labels).filter(([name, value]) =>
    id === null
      ? name.startsWith(GROUP_LABEL) || name.startsWith(GROUP_NAME_LABEL)
      : name === GROUP_LABEL + id || (name.startsWith(GROUP_NAME_LABEL) && value === id)
  ).map(([name]) => name);
}

function copy<T>(to: Record<string, T>, from: Readonly<Record<string, T>>, names: string[]): void {
  for (const name of names) if (Object.hasOwn(from, name)) to[name] = from[name]!;
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? value as Json : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isIn(values: readonly unknown[], value: unknown): boolean {
  return values.some((other) => sameJson(other, value));
}

function texts(value: unknown): Texts {
  const pairs = Object.entries(object(value)).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(pairs) as Texts;
}
