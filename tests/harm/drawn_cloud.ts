/** Small clouds drawn at random, two states of each, with some records of the second damaged. @module */
import fc from "fast-check";
import { Cloud } from "../../lab/model.ts";
import { damaged, DAMAGES } from "./damages.ts";
import {
  addressGroup,
  addressGroupRule,
  type CollectionName,
  COLLECTIONS,
  type Fields,
  floatingIp,
  group,
  groupRule,
  idOf,
  network,
  port,
  qosPolicy,
  subnet,
} from "./records.ts";
import type { BadAnswer } from "./stand_in.ts";

/**
 * How many of each there can be. The first of each always is there, and well: nothing is ever empty, and
 * of what is gone there is a witness.
 */
const SIZES = {
  "networks": 3,
  "subnets": 5,
  "security-groups": 4,
  "qos/policies": 3,
  "ports": 7,
  "floatingips": 4,
  "projects": 3,
  "address-groups": 3,
} as const satisfies Record<CollectionName, number>;

const small = fc.nat(3);
/** An object's drawn features; what they mean depends on the collection. */
const objectArb = fc.record({
  there: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  a: small,
  b: small,
  c: small,
  flag: fc.boolean(),
});
type Drawn = Readonly<
  Record<
    CollectionName,
    readonly { there: boolean; a: number; b: number; c: number; flag: boolean }[]
  >
>;

/** A state of a cloud. */
export const stateArb: fc.Arbitrary<Drawn> = fc.record(
  Object.fromEntries(
    COLLECTIONS.map((name) => [
      name,
      fc.array(objectArb, { minLength: SIZES[name], maxLength: SIZES[name] }),
    ]),
  ) as unknown as { [N in CollectionName]: fc.Arbitrary<Drawn[N]> },
);

/** A state in which these objects, by collection and number, have such features, and all others none. */
export function stateWith(
  objects: Partial<Record<CollectionName, Record<number, Partial<Drawn["ports"][number]>>>>,
): Drawn {
  const none = { there: false, a: 0, b: 0, c: 0, flag: false };
  return Object.fromEntries(
    COLLECTIONS.map((name) => [
      name,
      Array.from({ length: SIZES[name] }, (_, number) => ({ ...none, ...objects[name]?.[number] })),
    ]),
  ) as unknown as Drawn;
}

/** An object whose record is damaged, and how. */
export interface Damaged {
  readonly collection: CollectionName;
  readonly number: number;
  readonly how: string;
}

/** Some damaged objects, each at most once. */
export const damageArb: fc.Arbitrary<Damaged[]> = fc.uniqueArray(
  fc.constantFrom(...COLLECTIONS).chain((collection) =>
    fc.record({
      collection: fc.constant(collection),
      number: fc.integer({ min: 1, max: SIZES[collection] - 1 }),
      how: fc.constantFrom(
        ...Object.entries(DAMAGES).filter(([, damage]) => damage(collection)).map(([name]) => name),
      ),
    })
  ),
  { maxLength: 8, selector: ({ collection, number }) => `${collection} ${number}` },
);

/** The answers with those records damaged. */
export function answerDamaged(all: readonly Damaged[]): BadAnswer {
  return async (asked) => {
    const some = all.filter(({ collection }) => collection === asked.collection);
    let truth = asked.truth;
    for (const { collection, number, how } of some) {
      const [before, victims] = [truth, new Set([idOf(collection, number)])];
      truth = () => damaged({ ...asked, truth: before }, victims, DAMAGES[how]!(collection)!);
    }
    return some.length > 0 ? await truth() : null;
  };
}

/** The cloud of a state; what it says otherwise than an earlier one has a higher revision. */
export function drawnCloud(state: Drawn, earlier: Cloud | null): Cloud {
  const cloud = new Cloud();
  // Ports stay when their project goes, and show what is known of it: here none goes.
  const is = (collection: CollectionName, number: number) =>
    number === 0 || collection === "projects" || state[collection][number]!.there;
  const add = (to: Parameters<Cloud["add"]>[0], fields: Fields) => {
    const was = earlier?.get(to, fields.id);
    const item = cloud.add(to, fields);
    const changed = Object.entries(fields).some(([name, value]) =>
      JSON.stringify(value) !== JSON.stringify(was?.[name])
    );
    if (was && changed) item.revision_number = 2;
  };
  const each = (collection: CollectionName, make: (number: number, id: string) => void) => {
    for (let number = 0; number < SIZES[collection]; number++) {
      if (is(collection, number)) make(number, idOf(collection, number));
    }
  };
  each("projects", (number, id) => {
    const name = `project ${state.projects[number]!.a}`;
    cloud.projects.push({ id, name, parent_id: "default", domain_id: "default" });
  });
  addNetworks(state, { is, add, each });
  addGroups(state, { is, add, each });
  addPorts(state, { is, add, each });
  return cloud;
}

interface Adding {
  readonly is: (collection: CollectionName, number: number) => boolean;
  readonly add: (to: Parameters<Cloud["add"]>[0], fields: Fields) => void;
  readonly each: (collection: CollectionName, make: (number: number, id: string) => void) => void;
}

const projectOf = (number: number) => idOf("projects", number % SIZES.projects);
const networkOf = (number: number) => number % SIZES.networks;

/** The QoS policy that is meant, if it is there. */
function policyOf(number: number, { is }: Pick<Adding, "is">): string | null {
  return number < SIZES["qos/policies"] && is("qos/policies", number)
    ? idOf("qos/policies", number)
    : null;
}

function addNetworks(state: Drawn, { is, add, each }: Adding): void {
  each("networks", (number, id) => {
    const { a, b } = state.networks[number]!;
    const fields = { name: `net ${a}`, qos_policy_id: policyOf(b, { is }) };
    add("networks", network(id, projectOf(number), fields));
  });
  each("subnets", (number, id) => {
    if (!is("networks", networkOf(number))) return;
    const { a, b, flag } = state.subnets[number]!;
    const of = { id: idOf("networks", networkOf(number)), project: projectOf(number) };
    const prefix = number < 3 ? `10.${number}.0` : `fd00:${number}:`;
    add(
      "subnets",
      subnet(id, of, {
        cidr: number < 3 ? `10.${number}.0.0/16` : `fd00:${number}::/64`,
        gateway_ip: a === 0 ? null : number < 3 ? `${prefix}.${a}` : `${prefix}:${a}`,
        enable_dhcp: number === 0 || flag,
        dns_nameservers: b === 0 ? [] : [`192.0.2.${b}`],
      }),
    );
  });
}

function addGroups(state: Drawn, { is, add, each }: Adding): void {
  each("address-groups", (number, id) => {
    const { a, b } = state["address-groups"][number]!;
    const addresses = [`172.20.${a}.0/24`, `fd20:${b}::/64`];
    add("address_groups", addressGroup(id, projectOf(number), addresses));
  });
  each("security-groups", (number, id) => {
    const { a, b, c } = state["security-groups"][number]!;
    const rules = Array.from(
      { length: b },
      (_, i) => groupRule(id, i, { protocol: "tcp", port_range_min: i + 1, port_range_max: 9 }),
    );
    if (c < SIZES["address-groups"] && is("address-groups", c)) {
      rules.push(addressGroupRule(id, b, idOf("address-groups", c)));
    }
    add("security_groups", group(id, projectOf(number), rules, `group ${number} ${a}`));
  });
  each("qos/policies", (number, id) => {
    add("policies", qosPolicy(id, projectOf(number), 1000 + state["qos/policies"][number]!.a));
  });
}

function addPorts(state: Drawn, { is, add, each }: Adding): void {
  const isThere = (number: number) => is("ports", number) && is("networks", networkOf(number));
  const addressOf = (number: number) => `10.${networkOf(number)}.1.${number}`;
  each("ports", (number, id) => {
    if (!isThere(number)) return;
    const { a, b, c, flag } = state.ports[number]!;
    const net = networkOf(number);
    const fixed_ips = [];
    if (is("subnets", net)) {
      fixed_ips.push({ subnet_id: idOf("subnets", net), ip_address: addressOf(number) });
    }
    if (net + 3 < SIZES.subnets && is("subnets", net + 3)) {
      const ip_address = `fd00:${net + 3}::1:${number}`;
      fixed_ips.push({ subnet_id: idOf("subnets", net + 3), ip_address });
    }
    const groups = [0, a, b].filter((of) => is("security-groups", of));
    const host = `host-${c}`;
    const of = { network: idOf("networks", net), project: projectOf(number), host };
    add(
      "ports",
      port(id, of, {
        fixed_ips,
        security_groups: [...new Set(groups)].map((g) => idOf("security-groups", g)).sort(),
        qos_policy_id: policyOf(b, { is }),
        "binding:profile": flag && a === 0 ? { migrating_to: "host-9" } : {},
      }),
    );
  });
  each("floatingips", (number, id) => {
    const { a, b } = state.floatingips[number]!;
    const to = a + b;
    const attached = to < SIZES.ports && isThere(to) && is("subnets", networkOf(to));
    add(
      "floatingips",
      floatingIp(id, projectOf(number), {
        floating: `203.0.113.${number}`,
        fixed: attached ? addressOf(to) : null,
        port: attached ? idOf("ports", to) : null,
      }),
    );
  });
}
