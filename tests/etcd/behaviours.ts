/**
 * How an etcd behaves where versions differ, or where the product rests on it: each asked of a real server over
 * its gateway and answered in a few words. docs/compatibility.md has them as a table.
 *
 * @module
 */
import { eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { encoded, Gateway } from "./gateway.ts";
import { RESTORES } from "./restore_behaviours.ts";
import { everyKeySince } from "./watched.ts";

/** A row: what is asked, and how it is found out. */
export interface Behaviour {
  readonly name: string;
  /** Flags of the server. */
  readonly flags?: readonly string[];
  ask(server: Asked): Promise<string>;
}

/** A server of its own for one row. */
export interface Asked {
  readonly etcd: Gateway;
  restart(): Promise<void>;
}

const range = (key: string) => ({ key: encoded(key) });
const putOp = (key: string) => ({ request_put: { ...range(key), value: encoded("v") } });
const exists = (key: string) => ({ ...range(key), target: "VERSION", result: "EQUAL", version: 0 });
const times = <T>(count: number, make: (key: string) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(`/k${i}`));
const shorten = (text: string) => text.replace(/^etcdserver: /, "").replace(/^mvcc: /, "");

/** Root and a user who may read and write all of /calico/, with users on. */
async function withUsers(etcd: Gateway): Promise<void> {
  const role = (name: string) => etcd.call("auth/role/add", { name });
  await role("root");
  await role("calico");
  const perm = { permType: "READWRITE", key: encoded("/calico/"), range_end: encoded("/calico0") };
  await etcd.call("auth/role/grant", { name: "calico", perm });
  for (const [name, own] of [["root", "root"], ["conductor", "calico"]] as const) {
    await etcd.call("auth/user/add", { name, password: "pw" });
    await etcd.call("auth/user/grant", { user: name, role: own });
  }
  await etcd.call("auth/enable");
}

/** Writes until etcd has no more space; its words. */
async function fill(etcd: Gateway): Promise<string> {
  const value = "x".repeat(500_000);
  for (let i = 0; i < 200; i++) {
    const said = await etcd.verdict("kv/put", { ...range(`/fill${i}`), value: encoded(value) });
    if (said !== "taken") return said;
  }
  return "never full";
}

const QUOTA = ["--quota-backend-bytes=16777216"];
const full = (name: string, act: (etcd: Gateway, lease: string) => Promise<string>): Behaviour => ({
  name: `without space: ${name}`,
  flags: QUOTA,
  async ask({ etcd }) {
    const { ID } = await etcd.call("lease/grant", { TTL: 60 });
    await fill(etcd);
    return shorten(await act(etcd, ID));
  },
});

const TRANSACTIONS: Behaviour[] = [
  {
    name: "operations that a transaction takes",
    async ask({ etcd }) {
      const txn = (n: number) => etcd.verdict("kv/txn", { success: times(n, putOp) });
      return `${await txn(128) === "taken" ? 128 : "fewer"}; then “${shorten(await txn(129))}”`;
    },
  },
  {
    name: "comparisons that it takes beside them",
    async ask({ etcd }) {
      const txn = (n: number) =>
        etcd.verdict("kv/txn", { compare: times(n, exists), success: [putOp("/x")] });
      return `${await txn(128) === "taken" ? 128 : "fewer"}; then “${shorten(await txn(129))}”`;
    },
  },
  {
    name: "a value of 1.6 MB",
    ask: async ({ etcd }) =>
      shorten(
        await etcd.verdict("kv/put", { ...range("/big"), value: encoded("x".repeat(1_600_000)) }),
      ),
  },
  {
    name: "keys counted for a range with a limit of 10",
    async ask({ etcd }) {
      for (let i = 0; i < 20; i++) {
        await etcd.call("kv/txn", { success: times(100, (key) => putOp(`/p/${i}${key}`)) });
      }
      const page = { key: encoded("/p/"), range_end: encoded("/p0"), limit: 10 };
      const { count, kvs } = await etcd.call("kv/range", page);
      return Number(count) === kvs.length ? "10" : `all ${count}`;
    },
  },
];

/** A key that is written and deleted, with a write after it; then compacted so that the deletion is `off` newer. */
async function watchedAfterCompaction({ etcd, restart }: Asked, off: number): Promise<string> {
  await etcd.put("/a");
  const { header } = await etcd.call("kv/deleterange", range("/a"));
  const deleted = Number(header.revision);
  await etcd.put("/b");
  await etcd.put("/end");
  await etcd.call("kv/compaction", { revision: deleted - off, physical: true });
  await restart();
  return await everyKeySince(etcd, deleted, "/b");
}

const WATCHES: Behaviour[] = [
  {
    name: "a watch from a deletion's revision, compacted just before it",
    ask: (asked) => watchedAfterCompaction(asked, 1),
  },
  {
    name: "a watch from a deletion's revision, compacted at it",
    ask: (asked) => watchedAfterCompaction(asked, 0),
  },
  {
    name: "a watch from a revision before the compaction",
    ask: (asked) => watchedAfterCompaction(asked, -1),
  },
];

const LEASES: Behaviour[] = [
  {
    name: "the shortest TTL: 1 s asked for",
    ask: async ({ etcd }) => `${(await etcd.call("lease/grant", { TTL: 1 })).TTL} s`,
  },
  {
    name: "a keep-alive of a lease that is gone",
    async ask({ etcd }) {
      const { TTL = "0" } = await etcd.call("lease/keepalive", { ID: 12345 });
      return `no error, TTL ${TTL}`;
    },
  },
  {
    name: "the time to live of a lease that is gone",
    ask: async ({ etcd }) =>
      `no error, TTL ${(await etcd.call("lease/timetolive", { ID: 12345 })).TTL}`,
  },
  {
    name: "revoking a lease that is gone",
    ask: async ({ etcd }) => shorten(await etcd.verdict("lease/revoke", { ID: 12345 })),
  },
  {
    name: "what is left of a lease of 60 s when its member was restarted after 5 s",
    async ask({ etcd, restart }) {
      const { ID } = await etcd.call("lease/grant", { TTL: 60 });
      const left = async () => Number((await etcd.call("lease/timetolive", { ID })).TTL);
      await eventually("5 s of it are over", async () => await left() <= 55, 20_000);
      await restart();
      return await left() > 56 ? "all of it again" : "what was left before";
    },
  },
];

const EXPIRING = ["--auth-token-ttl=2"];
/** What a call with the token of a user says after something has happened to it. */
const token = (
  name: string,
  happens: (root: Gateway, user: Gateway) => Promise<unknown>,
  flags: readonly string[] = [],
): Behaviour => ({
  name,
  flags,
  async ask({ etcd }) {
    await withUsers(etcd);
    const root = new Gateway(etcd.url);
    await root.logIn("root", "pw");
    await etcd.logIn("conductor", "pw");
    await etcd.put("/calico/x");
    await happens(root, etcd);
    return shorten(await etcd.verdict("kv/put", { ...range("/calico/x"), value: "" }));
  },
});
const anyChange = (root: Gateway) => root.call("auth/role/add", { name: "another" });
const newPassword = (root: Gateway) =>
  root.call("auth/user/changepw", { name: "conductor", password: "new" });
const revoked = (root: Gateway) =>
  root.call("auth/user/revoke", { name: "conductor", role: "calico" });

/** With the files of a key pair for tokens of JSON. */
export function jwtFlags(dir: string): string[] {
  const keys = `pub-key=${dir}/jwt.pub,priv-key=${dir}/jwt.key`;
  return [`--auth-token=jwt,${keys},sign-method=RS256,ttl=10m`];
}

const USERS: Behaviour[] = [
  token("simple token, not used for its TTL", async (_, user) => {
    await eventually("it is refused", async () => {
      await new Promise((resolve) => setTimeout(resolve, 3500));
      return await user.verdict("kv/range", range("/calico/x")) !== "taken";
    }, 60_000);
  }, EXPIRING),
  token("simple token after any change of users or roles", anyChange),
  token("simple token after a new password", newPassword),
  token("simple token after its role was revoked", revoked),
  token("JWT after any change of users or roles", anyChange, ["jwt"]),
  token("JWT after a new password", newPassword, ["jwt"]),
  token("any token after users were turned off", (root) => root.call("auth/disable")),
  {
    name: "a call without a token",
    async ask({ etcd }) {
      await withUsers(etcd);
      return shorten(await etcd.verdict("kv/put", { ...range("/calico/x"), value: "" }));
    },
  },
  {
    name: "a keep-alive without a token, of a lease without keys",
    async ask({ etcd }) {
      const { ID } = await etcd.call("lease/grant", { TTL: 60 });
      await withUsers(etcd);
      return shorten(await etcd.verdict("lease/keepalive", { ID }));
    },
  },
];

const NO_SPACE: Behaviour[] = [
  {
    name: "without space: a write",
    flags: QUOTA,
    ask: async ({ etcd }) => shorten(await fill(etcd)),
  },
  full("a new lease", (etcd) => etcd.verdict("lease/grant", { TTL: 60 })),
  full("a keep-alive", (etcd, ID) => etcd.verdict("lease/keepalive", { ID })),
  full("a deletion", (etcd) => etcd.verdict("kv/deleterange", range("/fill0"))),
  full(
    "a transaction that only deletes",
    (etcd) => etcd.verdict("kv/txn", { success: [{ request_delete_range: range("/fill0") }] }),
  ),
  full("a compaction", (etcd) => etcd.verdict("kv/compaction", { revision: 3 })),
  full("a write after deletion, compaction and defragmentation", async (etcd) => {
    const all = { key: encoded("/fill"), range_end: encoded("/film") };
    const { header } = await etcd.call("kv/deleterange", all);
    await etcd.call("kv/compaction", { revision: header.revision, physical: true });
    await etcd.call("maintenance/defragment");
    const before = await etcd.verdict("kv/put", { ...range("/x"), value: "" });
    const { alarms } = await etcd.call("maintenance/alarm", { action: "GET" });
    await etcd.call("maintenance/alarm", { action: "DEACTIVATE", ...alarms[0] });
    const after = await etcd.verdict("kv/put", { ...range("/x"), value: "" });
    return `${shorten(before)}; ${after} once the alarm is disarmed`;
  }),
];

/** All rows. */
export const BEHAVIOURS: readonly Behaviour[] = [
  ...TRANSACTIONS,
  ...WATCHES,
  ...LEASES,
  ...USERS,
  ...NO_SPACE,
  ...RESTORES,
];

/** Asks one row of a server of its own. */
export async function ask(behaviour: Behaviour, jwtDir: string): Promise<string> {
  const flags = (behaviour.flags ?? []).flatMap((flag) => flag === "jwt" ? jwtFlags(jwtDir) : flag);
  await using server = await startEtcd(flags);
  const etcd = new Gateway(server.url);
  return await behaviour.ask({ etcd, restart: () => server.restart() });
}
