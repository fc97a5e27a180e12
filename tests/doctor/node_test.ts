import { conductorPrefix } from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { type Finding, runChecks } from "../../lib/doctor/check.ts";
import { nodeChecks } from "../../lib/doctor/node.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { StateStore } from "../../lib/state/store.ts";
import { felixPrefix } from "../../lib/status/felix_status.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { tempDir } from "../support/temp_dir.ts";

/** grpc-js keeps timers of connections beyond the end of its client. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

async function check(changes: Partial<Config>): Promise<(name: string) => Finding> {
  const etcd = { ...testConfig().etcd, endpoints: ["http://127.0.0.1:1"], callTimeoutMs: 1000 };
  const checks = nodeChecks(testConfig({ etcd, ...changes }), systemClock);
  const { signal } = new AbortController();
  const found = await runChecks(checks, { deadlineMs: 20_000, signal });
  return (name) => {
    const finding = found.find((finding) => finding.name.startsWith(name));
    assert(finding, `${name} among ${found.map(({ name }) => name)}`);
    return finding;
  };
}

async function inFolder(play: (folder: string) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  await play(dir.path);
}

async function certificate(folder: string, name: string, days: number): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", `${folder}/${name}.key`, "-out", `${folder}/${name}.pem`],
      ...["-subj", `/CN=${name}`, "-days", String(days)],
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

Deno.test(
  "the state directory: writable with room, not there yet, not writable",
  GRPC,
  () =>
    inFolder(async (stateDir) => {
      const of = await check({ stateDir });
      assertMatch(of("state directory").found, /^writable, \d+ MiB free$/);
      assertEquals(await Array.fromAsync(Deno.readDir(stateDir)), [], "the probe is gone");
      assertEquals(of("Deno").state, "ok");
      assertEquals(of("clock of this node").state, "skipped");
      assertEquals((await check({ stateDir: `${stateDir}/none` }))("state").state, "skipped");
      await Deno.writeTextFile(`${stateDir}/file`, "");
      const file = (await check({ stateDir: `${stateDir}/file` }))("state directory");
      assertEquals(file.state, "failed");
      assertMatch(file.advice!, /--state-dir/);
    }),
);

Deno.test(
  "a clock that was set back shows in the manager's heartbeat",
  GRPC,
  () =>
    inFolder(async (stateDir) => {
      {
        using store = await StateStore.open(stateDir);
        const heartbeat = Date.now() + 60_000;
        await store.writeMastership({
          heartbeat,
          validUntil: heartbeat + 13_000,
          uptime: 1,
          term: "7",
          id: "node-1:1",
          since: heartbeat,
        });
      }
      const finding = (await check({ stateDir }))("clock of this node");
      assertEquals(finding.state, "failed");
      assertMatch(finding.found, /in the future/);
    }),
);

Deno.test(
  "TLS files: good, soon over, of another key, no certificate, not there",
  GRPC,
  () =>
    inFolder(async (folder) => {
      await certificate(folder, "good", 400);
      await certificate(folder, "soon", 5);
      await Deno.writeTextFile(`${folder}/empty.pem`, "nothing");
      const base = testConfig();
      const of = await check({
        openstack: {
          ...base.openstack,
          caFile: `${folder}/soon.pem`,
          certFile: `${folder}/good.pem`,
          keyFile: `${folder}/good.key`,
        },
        diagnostics: {
          ...base.diagnostics,
          tls: { cert: `${folder}/soon.pem`, key: `${folder}/good.key` },
        },
        etcd: {
          ...base.etcd,
          endpoints: ["http://127.0.0.1:1"],
          callTimeoutMs: 1000,
          caFile: `${folder}/empty.pem`,
          certFile: `${folder}/none.pem`,
        },
      });
      assertMatch(
        of(`TLS file ${folder}/good.pem`).found,
        /1 certificate, valid for (399|400) more/,
      );
      assertEquals(of(`TLS file ${folder}/soon.pem`).state, "warning");
      assertMatch(of(`TLS file ${folder}/empty.pem`).found, /holds no certificate/);
      const none = of(`TLS file ${folder}/none.pem`);
      assertMatch(
        `${none.state} ${none.found} ${none.advice}`,
        /^failed .*No such file.*etcd_cert_file/,
      );
      const wrong = await check({
        diagnostics: {
          ...base.diagnostics,
          tls: { cert: `${folder}/good.pem`, key: `${folder}/soon.key` },
        },
      });
      assertMatch(wrong(`TLS file ${folder}/good.pem`).found, /is not its key/);
    }),
);

Deno.test("hosts and nodes that write in our future are named", GRPC, async () => {
  await using server = await startEtcd();
  const config = { ...testConfig().etcd, endpoints: [server.url] };
  const etcd = openEtcd(config);
  try {
    const status = (ms: number) =>
      JSON.stringify({ time: new Date(Date.now() + ms).toISOString() });
    await etcd.put(`${felixPrefix(null)}h-1/status`).value(status(0)).exec();
    const of = await check({ etcd: config });
    assertMatch(of("clocks of Calico's hosts").found, /no status of 1 hosts is in the future/);
    await etcd.put(`${felixPrefix(null)}h-2/status`).value(status(30_000)).exec();
    const ahead = (await check({ etcd: config }))("clocks of Calico's hosts");
    assertMatch(`${ahead.state} ${ahead.found}`, /^warning 1 of 2 hosts .*: h-2$/);

    const prefix = conductorPrefix(null);
    const node = (name: string, ms: number) =>
      etcd.put(`${prefix}nodes/${name}`).value(JSON.stringify({
        name,
        version: "1",
        roles: [],
        since: Date.now() + ms,
        diagnostics: "127.0.0.1:9797",
      })).exec();
    await node("ctl-1", -1000);
    const good = (await check({ etcd: config }))("clocks of other nodes");
    assertMatch(`${good.state} ${good.found}`, /^ok nothing that 1 node has written/);
    await node("ctl-2", 60_000);
    const bad = (await check({ etcd: config }))("clocks of other nodes");
    assertMatch(`${bad.state} ${bad.found}`, /^warning written in our future: ctl-2$/);
  } finally {
    etcd.close();
  }
});
