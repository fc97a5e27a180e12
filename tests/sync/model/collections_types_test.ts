/** What does not type-check: each `@ts-expect-error` is an error itself when nothing is wrong there. */
import { type Kind, type Prefixes, resourcePrefixes } from "../../../lib/calico/keys.ts";
import type { Network } from "../../../lib/openstack/records.ts";
import { USES } from "../../../lib/openstack/extensions.ts";
import { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import {
  type Collection,
  COLLECTIONS,
  type Related,
  type Row,
  type Shown,
  type Table,
} from "../../../lib/sync/model/collections.ts";
import { KIND_TABLE, type KindRow } from "../../../lib/sync/model/kinds.ts";
import { noChanges } from "../../../lib/sync/sources/changes.ts";
import { assert } from "../../support/assert.ts";

Deno.test("types: a collection's row has every column, and the table every row", () => {
  const { networks, subnets: _subnets, ...others } = COLLECTIONS;
  const { words: _words, ...wordless } = networks;
  const { notifiedAs: _notifiedAs, ...silent } = networks;
  const { portField: _portField, ...unnamed } = networks.shown!;
  // @ts-expect-error it has no words
  const _1: Row<Network> = wordless;
  // @ts-expect-error nobody says how notifications call it
  const _2: Row<Network> = silent;
  // @ts-expect-error nobody says which field of ports names it
  const _3: Shown<Network> = unnamed;
  // @ts-expect-error subnets are missing
  const _4: Table = { networks, ...others };
  // @ts-expect-error there is no such field
  const _5: Shown<Network> = { ...networks.shown!, of: ({ title }) => title };
  // @ts-expect-error ports have no such field
  const _6: Shown<Network> = { ...networks.shown!, portField: "network" };
});

Deno.test("types: a collection's name is one of the table", () => {
  const index = new CloudIndex(null);
  const subnet = { id: "s", revision_number: 1, gateway_ip: null };
  // @ts-expect-error it is called networks
  const _1: Collection = "network";
  // @ts-expect-error floating IPs are shown by their port, not by their id
  const _2: Related = "floatingips";
  // @ts-expect-error Keystone's projects have no revisions
  index.revisions.projects;
  // @ts-expect-error it is called security-groups
  noChanges().security_groups;
  // @ts-expect-error a subnet is no network
  const _3 = () => index.note("networks", subnet);
  // @ts-expect-error floating IPs are noted by their own class
  const _4 = () => index.note("floatingips", subnet);
});

Deno.test("types: a kind's row has every column, and the table of kinds and the prefixes every kind", () => {
  const { NetworkPolicy, Subnet: _subnet, ...others } = KIND_TABLE;
  const { owner: _owner, ...ownerless } = NetworkPolicy;
  const { LiveMigration: _prefix, ...prefixes } = resourcePrefixes(null);
  // @ts-expect-error nobody says whose a key is
  const _1: KindRow = ownerless;
  // @ts-expect-error subnets are missing
  const _2: Record<Kind, KindRow> = { NetworkPolicy, ...others };
  // @ts-expect-error there is no such collection
  const _3: KindRow = { ...NetworkPolicy, collection: "security_groups" };
  // @ts-expect-error migrations have no prefix
  const _4: Prefixes = prefixes;
  // @ts-expect-error it is called NetworkPolicy
  const _5: Kind = "Policy";
});

Deno.test("the collections of which extensions bring something are of the table", () => {
  for (const { alias, collections = [], fields = {} } of USES) {
    for (const name of [...collections, ...Object.keys(fields)]) {
      assert(Object.hasOwn(COLLECTIONS, name), `${alias}: ${name}`);
    }
  }
});
