/**
 * What of Neutron's API is an extension and may be missing, what we use it for, and what happens without
 * it (Networking API reference, "Extensions"; measured with Neutron 21).
 *
 * @module
 */
import { z } from "zod";

/** Parts of an endpoint that an extension brings. */
export type Unavailable = "groups" | "floatingIps" | "qos" | "pairs" | "fqdn";

/** An extension that we use. */
interface Use {
  readonly alias: string;
  /** Collections that it brings; without it they are empty for us. */
  readonly collections?: readonly string[];
  /** Fields that it adds, by collection; without it they are not asked for. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  /** Fields that it adds to every collection. */
  readonly fieldsOfAll?: readonly string[];
  /** The part of endpoints that comes from it: without it, what etcd holds of that stays. */
  readonly brings?: Unavailable;
  /** What an operator should know when it is missing. */
  readonly without: string;
}

/** All of them. */
export const USES: readonly Use[] = [
  {
    alias: "binding",
    fields: { ports: ["binding:host_id", "binding:vif_type", "binding:profile"] },
    without:
      "nothing tells where a port is bound, so ports are left as they are: use the ML2 plugin",
  },
  {
    alias: "security-group",
    collections: ["security-groups"],
    fields: { ports: ["security_groups"] },
    brings: "groups",
    without: "there are no policies, and endpoints carry no groups",
  },
  {
    alias: "router",
    collections: ["floatingips"],
    brings: "floatingIps",
    without: "endpoints have no floating IPs",
  },
  {
    alias: "qos",
    collections: ["qos/policies"],
    fields: { ports: ["qos_policy_id"], networks: ["qos_policy_id"] },
    brings: "qos",
    without: "endpoints have no bandwidth and packet limits",
  },
  {
    alias: "address-group",
    collections: ["address-groups"],
    without: "rules of security groups name no address groups",
  },
  {
    alias: "dns-integration",
    fields: { ports: ["dns_assignment"] },
    brings: "fqdn",
    without: "endpoints have no fqdn annotation",
  },
  {
    alias: "allowed-address-pairs",
    fields: { ports: ["allowed_address_pairs"] },
    brings: "pairs",
    without: "endpoints have no allowed addresses beside their own",
  },
  {
    alias: "standard-attr-revisions",
    fieldsOfAll: ["revision_number"],
    without: "what has changed is only found by full resyncs, not by incremental ones: load the " +
      "revisions service plugin",
  },
  {
    alias: "port-security-groups-filtering",
    without: "the ports of a renamed security group are looked for among all ports",
  },
  {
    alias: "pagination",
    without:
      "every list comes in one answer, whatever page_size says: set request_timeout to match",
  },
  {
    alias: "data-plane-status",
    fields: { ports: ["data_plane_status"] },
    without: "a port in error is only reported as DOWN",
  },
];

const answerSchema = z.object({ extensions: z.array(z.object({ alias: z.string() })) });

/** The extensions of one Neutron. */
export class Extensions {
  /** null: they are not known, everything is taken to be there. */
  readonly aliases: ReadonlySet<string> | null;
  /** What we use and it has not. */
  readonly #absent: readonly Use[];

  constructor(aliases: Iterable<string> | null) {
    this.aliases = aliases && new Set(aliases);
    this.#absent = USES.filter(({ alias }) => !this.has(alias));
  }

  /** From the answer to `GET /v2.0/extensions`; null: it is no such answer. */
  static parse(answer: unknown): Extensions | null {
    const parsed = answerSchema.safeParse(answer);
    return parsed.success ? new Extensions(parsed.data.extensions.map(({ alias }) => alias)) : null;
  }

  has(alias: string): boolean {
    return this.aliases?.has(alias) ?? true;
  }

  /** Whether the collection is there. */
  offers(collection: string): boolean {
    return !this.#absent.some(({ collections }) => collections?.includes(collection));
  }

  /** Those of the fields that are there. */
  fieldsOf(collection: string, fields: readonly string[]): string[] {
    const absent = this.#absent
      .flatMap(({ fields: of, fieldsOfAll = [] }) => [...fieldsOfAll, ...of?.[collection] ?? []]);
    return fields.filter((field) => !absent.includes(field));
  }

  /** Parts of endpoints that nobody can be asked about. */
  get unavailable(): ReadonlySet<Unavailable> {
    return new Set(this.#absent.flatMap(({ brings }) => brings ?? []));
  }

  /** What is missing and what that means, for people. */
  get missing(): string[] {
    return this.#absent.map(({ alias, without }) =>
      `Neutron's extension ${alias} is not loaded: ${without}`
    );
  }
}
