/**
 * What our user may do in etcd: each key range that a node reads or writes is tried, without harm.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import {
  CLUSTER_INFORMATION_KEY,
  COMPACTION_LAST_KEY,
  COMPACTION_TRIGGER_KEY,
  conductorPrefix,
  earlierPrefixes,
  electionKey,
  FELIX_CONFIGURATION_KEY,
  felixPrefix,
  LEGACY_SUBNET_PREFIX,
  resourcePrefixes,
  roundTripKey,
} from "../calico/keys.ts";
import type { Config } from "../config/config_types.ts";
import { describeError } from "../base/log.ts";
import { membersOf } from "../etcd/members.ts";
import { type KeyRange, refusedRanges } from "../etcd/refusal.ts";
import { failed, type Finding, named, ok, warning } from "./check.ts";

const TEST_LEASE_SECONDS = 30;
const NAME = "etcd rights";
const USER_NAME = "etcd user";
const NEEDLESS_USER = warning(
  "etcd_username is set, but authentication is off in etcd: it takes reads and writes of anybody",
  "etcdctl auth enable, or take etcd_username out of the configuration",
);

/** A range that a node uses. */
interface NeededRange {
  readonly name: string;
  readonly prefix: boolean;
  readonly write: boolean;
}

/** All ranges that a node with this configuration uses. */
function neededRanges(
  { region, compaction }: Pick<Config, "region" | "compaction">,
): NeededRange[] {
  const felix = felixPrefix(region);
  const prefixes = [
    ...Object.values(resourcePrefixes(region)),
    ...Object.values(earlierPrefixes(region) ?? {}),
    LEGACY_SUBNET_PREFIX,
    conductorPrefix(region),
    electionKey(region), // it is watched as a prefix
  ];
  const keys = [
    FELIX_CONFIGURATION_KEY,
    CLUSTER_INFORMATION_KEY,
    roundTripKey(felix),
    ...compaction.periodSeconds > 0 ? [COMPACTION_TRIGGER_KEY, COMPACTION_LAST_KEY] : [],
  ];
  return [
    ...prefixes.map((name) => ({ name, prefix: true, write: true })),
    ...keys.map((name) => ({ name, prefix: false, write: true })),
    { name: felix, prefix: true, write: false },
  ];
}

/**
 * One finding for all of them, and one for each that is refused; or one for a user of which etcd takes no notice.
 *
 * @throws etcd does not answer, or is full.
 */
export async function checkRights(etcd: Etcd3, config: Config): Promise<Finding[]> {
  const needed = neededRanges(config);
  const member = membersOf(etcd).choose()!;
  const missing: { range: NeededRange; read: boolean; write: boolean }[] = [];
  for (const range of needed) {
    const tried = [triedFor(range, false), ...range.write ? [triedFor(range, true)] : []];
    const refused = await refusedRanges(member, tried);
    if (refused.length === 0) continue;
    const is = (write: boolean) => refused.some((one) => one.write === write);
    missing.push({ range, read: is(false), write: is(true) });
  }
  const own = conductorPrefix(config.region);
  if (!missing.some(({ range }) => range.name === own)) {
    await tryWriting(etcd, `${own}doctor/${crypto.randomUUID()}`);
  }
  if (missing.length === 0) {
    const all = `may read and write below all ${needed.length} prefixes`;
    const found = named(NAME, ok(`${all}, and has written a key of our own`));
    return member.user?.needless ? [found, named(USER_NAME, NEEDLESS_USER)] : [found];
  }
  const names = missing.map(({ range }) => range.name).join(", ");
  const summary = failed(
    `permission denied below ${names}`,
    "docs/etcd.md has the role that a node needs; what is missing follows",
  );
  return [named(NAME, summary), ...missing.map((one) => named(...describeMissing(one)))];
}

function describeMissing(
  { range: { name, prefix, write: writes }, read, write }: {
    range: NeededRange;
    read: boolean;
    write: boolean;
  },
): [string, ReturnType<typeof failed>] {
  const verbs = [...read ? ["read"] : [], ...write ? ["write"] : []].join(" and ");
  const kind = writes ? "readwrite" : "read";
  return [
    `${NAME}: ${name}`,
    failed(
      `may not ${verbs} ${prefix ? "below it" : "it"}`,
      `etcdctl role grant-permission ROLE ${prefix ? "--prefix=true " : ""}${kind} ${name}`,
    ),
  ];
}

function triedFor({ name, prefix }: NeededRange, write: boolean): KeyRange {
  const key = Buffer.from(name);
  if (!prefix) return { name, key, write };
  const end = Buffer.from(name);
  end[end.length - 1]!++;
  return { name, key, end, write };
}

/** A key of our own under a lease: written, read back, deleted. */
async function tryWriting(etcd: Etcd3, key: string): Promise<void> {
  const { ID } = await etcd.leaseClient.leaseGrant({ TTL: TEST_LEASE_SECONDS });
  try {
    await etcd.put(key).value("written by calico-conductor doctor").lease(ID).exec();
    if (await etcd.get(key) === null) throw new Error(`${key} was written but cannot be read`);
    await etcd.delete().key(key);
  } catch (error) {
    throw new Error(`cannot write ${key}: ${describeError(error)}`, { cause: error });
  } finally {
    await etcd.leaseClient.leaseRevoke({ ID }).catch(() => {});
  }
}
