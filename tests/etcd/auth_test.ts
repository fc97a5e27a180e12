/**
 * A client with a user, while root changes users, roles and authentication: what need not fail does not, what fails
 * says why and heals, the lease is kept and nothing is read again.
 *
 * @module
 */
import { EtcdPermissionDeniedError, GRPCDeadlineExceededError } from "etcd3";
import { systemClock } from "../../lib/base/clock.ts";
import { describeError } from "../../lib/base/log.ts";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import { LoginError } from "../../lib/etcd/call_errors.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { keepLeaseAlive } from "../../lib/etcd/lease.ts";
import { membersOf } from "../../lib/etcd/members.ts";
import { mirror } from "../../lib/etcd/mirror.ts";
import { Meter } from "../../lib/metrics/meter.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertWithin,
  eventually,
} from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { Root, signedTokens, simpleTokens, USER } from "../support/etcd_users.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";

const GRPC = { sanitizeOps: false, sanitizeResources: false }; // grpc-js keeps timers and sockets
/** Life of a token, s; of a simple one since its last use. */
const TOKEN_S = 1;
/** Until it has ended, ms: etcd looks once a second which simple tokens have. */
const EXPIRED_MS = { simple: (TOKEN_S + 2) * 1000, signed: TOKEN_S * 1000 + 100 };
/** Far longer than a test takes. */
const LEASE_S = 600;
const CALL_MS = 20_000;
const PREFIX = `${USER.prefix}w/`;
const LOG_IN_AGAIN = /does not let conductor in any more: the password was changed, or the user d/;

function configOf(url: string, password = USER.password) {
  const login = { endpoints: [url], username: USER.username, password, callTimeoutMs: CALL_MS };
  return testConfig({ etcd: { ...testConfig().etcd, ...login } });
}

/** Writes, follows and keeps a lease, as a role does. */
class Client implements AsyncDisposable {
  readonly meter = new Meter();
  readonly lost: string[] = [];
  /** What is wrong with the watch. */
  heard = "";
  readonly #etcd;
  readonly #store;
  readonly #stop = new AbortController();
  readonly #seen = new Set<string>();
  readonly #followed: Promise<void>;
  #lease = "";
  #count = 0;

  constructor(url: string) {
    const config = configOf(url);
    this.#etcd = openEtcd(config.etcd, this.meter);
    this.#store = new EtcdElectionStore(this.#etcd, config);
    this.#followed = this.#follow();
  }

  async #follow(): Promise<void> {
    const changes = mirror(this.#etcd, PREFIX, {
      signal: this.#stop.signal,
      clock: systemClock,
      wants: () => true,
      roundTripKey: `${PREFIX}round-trip`,
      quietMs: 200,
      onTrouble: (error) => this.heard = error === null ? "" : describeError(error),
      onLost: (why) => this.lost.push(why),
    });
    try {
      for await (const batch of changes) for (const { key } of batch) this.#seen.add(key);
    } catch (error) {
      assert(this.#stop.signal.aborted, describeError(error));
    }
  }

  read(): Promise<unknown> {
    return this.#etcd.get(`${PREFIX}x`).exec();
  }

  /** One call of each kind. */
  async calls(): Promise<void> {
    this.#lease ||= await this.#store.grant(LEASE_S, CALL_MS);
    const key = `${PREFIX}${++this.#count}`;
    const [alive] = await Promise.all([
      this.#store.keepAlive(this.#lease, CALL_MS),
      this.read(),
      this.#etcd.put(key).value("x").exec(),
    ]);
    assert(alive, "the lease is gone");
    await eventually(`${key} is seen`, () => this.#seen.has(key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#followed;
    this.#etcd.close();
  }
}

/** How often a member was asked for a token. */
async function logins(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = text.matchAll(/^grpc_server_started_total\{.*"Authenticate".*\} (\d+)/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

interface Refusal {
  readonly what: string;
  start(root: Root): Promise<unknown>;
  readonly says: RegExp;
  /** What is said of the watch, if it is waited for until three were not attached. */
  readonly watch?: RegExp;
  end(root: Root): Promise<unknown>;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: "the password is changed, and changed back",
    start: (root) => root.setPassword("another"),
    says: LOG_IN_AGAIN,
    end: (root) => root.setPassword(USER.password),
  },
  {
    what: "the role is revoked, and granted again",
    start: (root) => root.revokeRole(),
    says: /permission denied/,
    watch: /3 times in a row: .*permission denied/,
    end: (root) => root.grantRole(),
  },
  {
    what: "the user is deleted, and made again",
    start: (root) => root.deleteUser(),
    says: LOG_IN_AGAIN,
    watch: /3 times in a row: .*does not let conductor in any more/,
    end: (root) => root.addUser(),
  },
];

for (const kind of ["simple", "signed"] as const) {
  Deno.test(`with ${kind} tokens, what root does to users heals at once`, GRPC, async (t) => {
    await using dir = await tempDir();
    const args = kind === "simple" ? simpleTokens(TOKEN_S) : await signedTokens(dir.path, TOKEN_S);
    await using server = await startEtcd(args);
    using root = await Root.of(server.url);
    await using client = new Client(server.url);
    await client.calls();

    await t.step("a token that expires is renewed, once for all calls", async () => {
      await new Promise((resolve) => setTimeout(resolve, EXPIRED_MS[kind]));
      await client.calls();
    });
    await t.step("a change of others' roles costs no call, and at most one login", async () => {
      await root.addAnotherRole();
      await client.read();
      await root.addAnotherRole();
      const before = await logins(server.url);
      await Promise.all(Array.from({ length: 20 }, () => client.read()));
      assert(
        await logins(server.url) - before <= 2,
        "more logins than an expiry and a change need",
      );
      await client.calls();
    });
    await t.step("authentication is turned off, and on again: no call fails", async () => {
      await root.turnOff();
      await client.calls();
      await root.turnOn();
      await client.calls();
    });
    for (const { what, start, says, watch, end } of REFUSALS) {
      await t.step(`${what}: it is said, and over when it is over`, async () => {
        await start(root);
        const error = await assertRejects(() => client.read(), Error);
        assert(error instanceof LoginError || error instanceof EtcdPermissionDeniedError);
        assertMatch(error.message, says);
        await eventually("the watch has trouble", () => watch?.test(client.heard) ?? true);
        await end(root);
        await eventually("it may read again", () => client.read().then(() => true));
        await client.calls();
        await eventually("the watch is well", () => client.heard === "");
      });
    }
    assertEquals(client.lost, []);
    const [counted] = client.meter.read().etcd_watches_not_attached ?? [];
    assert(counted && counted.sum >= 6, `${counted?.sum} watches not attached`);
  });
}

Deno.test("a wrong password and no user at all have their own messages", GRPC, async () => {
  await using server = await startEtcd(simpleTokens(TOKEN_S));
  using root = await Root.of(server.url);
  const wrong = configOf(server.url, "wrong");
  const etcd = openEtcd(wrong.etcd);
  const nobody = openEtcd({ ...wrong.etcd, username: null, password: null });
  try {
    const refused = await assertRejects(() => etcd.get("/calico/x").exec(), LoginError);
    assertMatch(refused.message, /let conductor in: there is no such user, or the password is w/);
    const nameless = await assertRejects(() => nobody.get("/calico/x").exec(), LoginError);
    assertMatch(nameless.message, /asks for a user: set etcd_username/);
    // The election key's watch says so, too, and comes when it may.
    const heard: unknown[] = [];
    const watch = new EtcdElectionStore(etcd, wrong).watch(() => {}, (error) => heard.push(error));
    await eventually("the watch has trouble", () => heard.at(-1));
    assertMatch(describeError(heard.at(-1)), /not attached a watch 3 times in a row: .*password/);
    await root.setPassword("wrong");
    await eventually("the watch is well", () => heard.at(-1) === null);
    watch.close();
  } finally {
    etcd.close();
    nobody.close();
  }
});

Deno.test("who is refused by one member is told that another is dead", GRPC, async () => {
  await using server = await startEtcd(simpleTokens(TOKEN_S));
  using _root = await Root.of(server.url);
  const { etcd: config } = configOf(server.url, "wrong");
  const etcd = openEtcd({ ...config, endpoints: [server.url, "http://127.0.0.1:1"] });
  const [alive, dead] = membersOf(etcd).all;
  try {
    await assertRejects(() => etcd.get("/calico/x").exec(), LoginError);
    const silent = await assertRejects(() => dead!.probe(Date.now() + CALL_MS), Error);
    assertMatch(silent.message, /No connection established/);
    assertEquals(await alive!.probe(Date.now() + CALL_MS), null);
  } finally {
    etcd.close();
  }
});

Deno.test(
  "a member that gives no token is waited for no longer than the call may take",
  GRPC,
  async () => {
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = silent.addr as Deno.NetAddr;
    const etcd = openEtcd({ ...configOf(`http://127.0.0.1:${port}`).etcd, callTimeoutMs: 60_000 });
    const startedAt = performance.now();
    await assertRejects(() => keepLeaseAlive(etcd, "1", 500), GRPCDeadlineExceededError);
    assertWithin(performance.now() - startedAt, 5000, "the keep-alive");
    etcd.close();
    silent.close();
  },
);
