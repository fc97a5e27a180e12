/** Which members of etcd answer, asked one by one: scripted members, and three real ones. */
import { GRPCDeadlineExceededError, GRPCUnavailableError } from "etcd3";
import { systemClock } from "../../lib/base/clock.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { checkMembers } from "../../lib/etcd/member_checks.ts";
import { readDatabase } from "../../lib/etcd/database.ts";
import { membersOf } from "../../lib/etcd/members.ts";
import type { EtcdMembers } from "../../lib/state/records.ts";
import { EtcdCluster } from "../faults/etcd_cluster.ts";
import { assertEquals, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";

type Member = Parameters<typeof checkMembers>[0][number];

/** Checks until it is disposed of; `last()` is what was published last. */
function checking(members: readonly Member[], clock: typeof systemClock, fails = () => false) {
  const stop = new AbortController();
  let last: EtcdMembers | null = null;
  const store = {
    writeEtcdMembers: (record: EtcdMembers) => {
      if (fails()) return Promise.reject(new Error("disk full"));
      last = record;
      return Promise.resolve();
    },
  };
  const done = checkMembers(members, { store, clock, log: new LogRecorder() }, stop.signal);
  return {
    last: () => last,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

Deno.test("each member has its own word and time, which stay until it answers", async () => {
  const clock = new FakeClock();
  const errors: (Error | null)[] = [null, null];
  const members = errors.map((_, i) => ({
    url: `https://etcd-${i}:2379`,
    probe: () => errors[i] ? Promise.reject(errors[i]) : Promise.resolve(null),
  }));
  await using checks = checking(members, clock);
  const read = () => checks.last()?.members.map(({ silentSince, error }) => [silentSince, error]);
  await clock.advance(1);
  assertEquals(read(), [[null, null], [null, null]]);
  errors[1] = new GRPCUnavailableError(
    "No connection established. Last error: Error: connect ECONNREFUSED 10.0.0.2:2379",
  );
  await clock.advance(10_000);
  const since = clock.now() - 1;
  assertEquals(read(), [[null, null], [since, "connection refused"]]);
  errors[1] = new GRPCDeadlineExceededError("Deadline exceeded after 3.001s");
  await clock.advance(10_000);
  assertEquals(read(), [[null, null], [since, "no answer within 3 s"]]);
  errors[1] = null;
  await clock.advance(2000); // what does not answer is asked again sooner
  assertEquals(read(), [[null, null], [null, null]]);
});

Deno.test("a user in an error that quotes an address is not published", async () => {
  const clock = new FakeClock();
  const probe = () => Promise.reject(new Error("no name calico:s3cret@etcd-0:2379"));
  await using checks = checking([{ url: "https://etcd-0:2379", probe }], clock);
  await clock.advance(1);
  assertEquals(checks.last()?.members.map(({ url, error }) => [url, error]), [
    ["https://etcd-0:2379", "no name etcd-0:2379"],
  ]);
});

Deno.test("who is told to stop does not wait for a silent member, and publishes nothing of it", async () => {
  const probe = () => new Promise<null>(() => {});
  const checks = checking([{ url: "https://etcd-0:2379", probe }], new FakeClock());
  await checks[Symbol.asyncDispose]();
  assertEquals(checks.last(), null);
});

Deno.test("no member tells the user in its address", async () => {
  const url = "http://calico:s3cret@127.0.0.1:9";
  const config = { ...testConfig().etcd, endpoints: [url] };
  const etcd = openEtcd(config);
  const [member] = membersOf(etcd).all;
  const database = await readDatabase(member!, config, 1000);
  etcd.close();
  assertEquals(database.url, "http://127.0.0.1:9");
  assertEquals(/s3cret/.test(JSON.stringify(database)), false);
});

Deno.test("what cannot be published is published with the next check", async () => {
  const clock = new FakeClock();
  let full = true;
  const member = { url: "https://etcd-0:2379", probe: () => Promise.resolve(null) };
  await using checks = checking([member], clock, () => full);
  await clock.advance(1);
  assertEquals(checks.last(), null);
  full = false;
  await clock.advance(10_000);
  assertEquals(checks.last()?.members.length, 1);
});

Deno.test("of three real members, one that is killed and one that hangs are told apart", async () => {
  await using cluster = await EtcdCluster.start();
  using etcd = openEtcdOf(cluster.urls);
  const soon = {
    ...systemClock,
    sleep: (_ms: number, s?: AbortSignal) => systemClock.sleep(50, s),
  };
  await using checks = checking(membersOf(etcd.client).all, soon);
  const errors = () => checks.last()?.members.map(({ error }) => error);
  const wanted = async (...errorsOfAll: (string | null)[]) =>
    await eventually(`${errorsOfAll}`, () => `${errors()}` === `${errorsOfAll}`, 30_000);
  await wanted(null, null, null);
  assertEquals(checks.last()?.members.map(({ url }) => url), cluster.urls);
  await cluster.kill(1);
  await wanted(null, "connection refused", null);
  cluster.revive(1);
  await wanted(null, null, null);
  cluster.hang(2);
  await wanted(null, null, "no answer within 3 s");
  cluster.resume(2);
  await wanted(null, null, null);
});

function openEtcdOf(endpoints: string[]) {
  const client = openEtcd({ ...ETCD, endpoints });
  return { client, [Symbol.dispose]: () => client.close() };
}

const ETCD = {
  callTimeoutMs: 5000,
  caFile: null,
  certFile: null,
  keyFile: null,
  username: null,
  password: null,
};
