import { Range } from "etcd3";
import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { type Finding, runChecks } from "../../lib/doctor/check.ts";
import { etcdChecks } from "../../lib/doctor/etcd.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { alarmAdvice } from "../../lib/etcd/database_size.ts";
import {
  COMPACTION_TRIGGER_KEY,
  conductorPrefix,
  electionKey,
  felixPrefix,
  resourcePrefixes,
  roundTripKey,
} from "../../lib/calico/keys.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers of connections and tokens beyond the end of its client. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

const configOf = (endpoints: string[], login: Partial<Config["etcd"]> = {}) =>
  testConfig({ etcd: { ...testConfig().etcd, endpoints, ...login } });

async function check(config: Config): Promise<(name: string) => Finding> {
  const { signal } = new AbortController();
  const found = await runChecks(etcdChecks(config, systemClock), { deadlineMs: 20_000, signal });
  return (name) => {
    const finding = found.find((finding) => finding.name === name);
    assert(finding, `${name} among ${found.map(({ name }) => name)}`);
    return finding;
  };
}

Deno.test("a healthy etcd: version, cluster, rights, clock, and nothing is left behind", async () => {
  await using server = await startEtcd();
  const config = configOf([server.url]);
  const of = await check(config);
  assertMatch(of(`etcd ${server.url}`).found, /^version 3\.\d+\.\d+, \d+ MiB, answers in \d+ ms$/);
  assertMatch(of(`etcd database ${server.url}`).found, /of a quota of 2048 MiB, \d+ % of it free/);
  assertEquals(of("etcd cluster").state, "ok");
  assertMatch(of("etcd rights").found, /may read and write below all \d+ prefixes/);
  assertEquals(of(`clock of etcd ${server.url}`).state, "ok");
  const etcd = openEtcd(config.etcd);
  try {
    assertEquals(await etcd.getAll().prefix("/").keys(), []);
  } finally {
    etcd.close();
  }
});

Deno.test(
  "an endpoint that takes connections and answers nothing is at fault once",
  GRPC,
  async () => {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connections: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const connection of silent) connections.push(connection);
    })();
    const url = `http://127.0.0.1:${silent.addr.port}`;
    const of = await check(configOf([url], { callTimeoutMs: 300 }));
    assertEquals([of(`etcd ${url}`).state, of(`clock of etcd ${url}`).state], [
      "failed",
      "skipped",
    ]);
    silent.close();
    await accepting.catch(() => {});
    for (const connection of connections) connection.close();
  },
);

Deno.test("an endpoint that is down, and one of another cluster", GRPC, async () => {
  await using one = await startEtcd();
  await using two = await startEtcd();
  const down = "http://127.0.0.1:1";
  const some = await check(configOf([one.url, down]));
  assertEquals([some(`etcd ${one.url}`).state, some(`etcd ${down}`).state], ["ok", "failed"]);
  assertMatch(some("etcd cluster").found, /1 of 2 endpoints answer/);
  assertEquals(some("etcd rights").state, "ok");
  const mixed = await check(configOf([one.url, two.url]));
  assertMatch(mixed("etcd cluster").found, /2 different clusters/);
  const none = await check(configOf([down]));
  assertEquals([none("etcd cluster").state, none("etcd rights").state], ["skipped", "failed"]);
});

Deno.test(
  "a user that may not write everywhere: the prefixes are named, and nothing was written",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const root = openEtcd(configOf([server.url]).etcd);
    try {
      await root.role("root").create();
      const admin = await root.user("root").create("pw");
      await admin.addRole("root");
      const role = root.role("conductor");
      await role.create();
      const own = conductorPrefix(null);
      await role.grant({ permission: "Readwrite", range: Range.prefix(own) });
      await role.grant({ permission: "Read", range: Range.prefix("/calico/") });
      const user = await root.user("conductor").create("pw");
      await user.addRole("conductor");
      await root.auth.authEnable();
      const login = { username: "conductor", password: "pw" };
      const of = await check(configOf([server.url], login));
      const rights = of("etcd rights");
      assertEquals(rights.state, "failed");
      assertMatch(
        rights.found,
        /permission denied below .*\/calico\/resources\/v3.*neutron_election/,
      );
      const refused = rights.found.replace("permission denied below ", "").split(", ");
      assert(!refused.includes(own) && !refused.includes(felixPrefix(null)), rights.found);
      assert(refused.includes(roundTripKey(felixPrefix(null))), rights.found);
      assert(refused.includes(COMPACTION_TRIGGER_KEY), rights.found);
      const election = of(`etcd rights: ${electionKey(null)}`);
      assertEquals(election.found, "may not write below it");
      assertMatch(
        election.advice!,
        /grant-permission ROLE --prefix=true readwrite .*neutron_election$/,
      );
      const { WorkloadEndpoint } = resourcePrefixes(null);
      assertMatch(
        of(`etcd rights: ${WorkloadEndpoint}`).advice!,
        /--prefix=true readwrite .*workloadendpoints/,
      );
      const wrong = await check(configOf([server.url], { ...login, password: "no" }));
      assertEquals(wrong("etcd rights").state, "failed");
      assertMatch(
        wrong("etcd rights").found,
        /does not let conductor in: .*password is wrong/,
      );
    } finally {
      root.close();
    }
    const admin = openEtcd(configOf([server.url], { username: "root", password: "pw" }).etcd);
    try {
      assertEquals(await admin.getAll().prefix("/").keys(), []);
    } finally {
      admin.close();
    }
  },
);

Deno.test("a user of which etcd takes no notice is told", GRPC, async () => {
  await using server = await startEtcd();
  const of = await check(configOf([server.url], { username: "conductor", password: "pw" }));
  assertEquals(of("etcd rights").state, "ok");
  assertEquals(of("etcd user").state, "warning");
  assertMatch(of("etcd user").found, /etcd_username is set, but authentication is off/);
});

Deno.test("an etcd that is full says what to do", GRPC, async () => {
  await using server = await startEtcd(["--quota-backend-bytes=16384"]);
  const etcd = openEtcd(configOf([server.url]).etcd);
  try {
    await etcd.put("/full").value("x".repeat(100_000)).exec().catch(() => {});
    await etcd.put("/full").value("x".repeat(100_000)).exec().catch(() => {});
  } finally {
    etcd.close();
  }
  const of = await check(configOf([server.url]));
  const finding = of(`etcd ${server.url}`);
  assertMatch(finding.found, /NOSPACE: it takes no writes \(\d+ KiB of a quota of 16 KiB/);
  assertEquals(of(`etcd database ${server.url}`).state, "warning");
  assertMatch(finding.advice!, /alarm disarm/);
  assertEquals(of("etcd rights").state, "failed");
});

Deno.test("an alarm that room does not help against has another advice", GRPC, async () => {
  await using server = await startEtcd();
  const etcd = openEtcd(configOf([server.url]).etcd);
  try {
    await etcd.maintenance.alarm({ action: "Activate", memberID: "1", alarm: "Corrupt" as never });
  } finally {
    etcd.close();
  }
  const finding = (await check(configOf([server.url])))(`etcd ${server.url}`);
  assertMatch(finding.found, /alarm CORRUPT: it takes no writes/);
  assertEquals(finding.advice, alarmAdvice(["CORRUPT"]));
  assert(!/defragment/.test(finding.advice!), finding.advice!);
});
