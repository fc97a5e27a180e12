import { Etcd3 } from "etcd3";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { endpointName } from "../../lib/calico/keys.ts";
import type { ResyncReport } from "../../lib/sync/report/report.ts";
import { emptyNeutron, labArgs, Node, productCommand, tempDir } from "./node.ts";
import { outputOf } from "../support/in_time.ts";

const GRPC = { sanitizeOps: false, sanitizeResources: false };
const ENDPOINTS = "/calico/resources/v3/projectcalico.org/workloadendpoints/openstack/";
const ELECTION = "/calico/openstack/v2/no-region/neutron_election";

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Runs a command with no node of its own. */
async function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await outputOf(productCommand(words));
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/** A cloud that another node keeps in order, and a configuration file for it. */
async function withCloud(
  play: (
    cloud: { etcd: Etcd3; node: Node; file: string; dir: string; keys: string[] },
  ) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  const lab = labArgs(`${dir.path}/lab`, 20);
  await using node = Node.start([
    ...lab.args,
    "--resync-interval=3600",
    "--incremental-interval=0",
  ]);
  await node.ready();
  const file = `${dir.path}/neutron.conf`;
  await Deno.writeTextFile(
    file,
    `[keystone_authtoken]
auth_url = ${lab.neutronUrl}/identity/v3
username = lab
password = lab
project_name = admin
[calico]
# The Python driver's, of another name.
elector_name = node-9
`,
  );
  const etcd = new Etcd3({ hosts: lab.etcdUrl });
  try {
    const keys = await eventually("all endpoints", async () => {
      const found = await etcd.getAll().prefix(ENDPOINTS).keys();
      return found.length >= 15 && found;
    });
    const words = [`--etcd=${lab.etcdUrl}`, `--neutron-url=${lab.neutronUrl}`];
    await Deno.writeTextFile(`${dir.path}/words`, words.join("\n"));
    await play({ etcd, node, file, dir: dir.path, keys });
  } finally {
    etcd.close();
  }
}

Deno.test(
  "a dry run with no node at all: it compares, writes nothing, takes no key, leaves no directory",
  GRPC,
  () =>
    withCloud(async ({ etcd, file, dir, keys }) => {
      const where = (await Deno.readTextFile(`${dir}/words`)).split("\n");
      const stateDir = `${dir}/none`;
      const dry = (...words: string[]) =>
        run(
          "resync",
          "--dry-run",
          `--config-file=${file}`,
          `--state-dir=${stateDir}`,
          ...where,
          ...words,
        );
      const leader = await etcd.get(ELECTION).string();
      // The node that leads writes on: its key, what Felix says.
      const synced = async () => {
        const all = await Promise.all(["/calico/resources/", "/calico/dhcp/"].map((prefix) =>
          etcd.getAll().prefix(prefix).exec()
        ));
        return all.flatMap(({ kvs }) =>
          kvs.map((kv) => `${kv.key} ${kv.mod_revision}`)
        );
      };

      const equal = await dry();
      assertEquals(equal.code, 0, equal.out + equal.err);
      assertMatch(equal.err, /no node .* runs with the state directory .*: this command compares/);
      assertMatch(equal.out, /would be .*\nSubnet/);

      await etcd.delete().key(keys[0]!);
      const stray = ENDPOINTS + endpointName("host-9", "server", "gone");
      await etcd.put(stray).value('{"spec":{"node":"host-9"}}');
      const before = await synced();
      const text = await dry();
      assertEquals(text.code, 4, text.out + text.err);
      assertMatch(text.out, new RegExp(`create ${keys[0]}\\n`));
      assertMatch(text.out, new RegExp(`delete ${stray}\\n(.*\\n)* {2}- .*host-9`));

      const json = await dry("--output=json");
      assertEquals(json.code, 4);
      const report: ResyncReport = JSON.parse(json.out);
      assertEquals(
        [report.state, report.dry_run, report.differences_total, report.differences_cut],
        ["done", true, 2, 0],
      );
      const created = report.differences.find(({ action }) => action === "create")!;
      assertEquals([created.key, created.kind, created.subject.type], [
        keys[0],
        "WorkloadEndpoint",
        "port",
      ]);
      assertEquals(created.changes.map(({ path }) => path), [""]);
      const deleted = report.differences.find(({ action }) => action === "delete")!;
      assertEquals(deleted.changes, [{ path: "", before: { spec: { node: "host-9" } } }]);

      const narrow = await dry(`--port=${created.subject.id}`, "--output=json");
      assertEquals([narrow.code, JSON.parse(narrow.out).differences_total], [4, 1]);
      const unknown = await dry("--port=nobody");
      assertEquals(unknown.code, 1);
      assertMatch(unknown.out, /the dry run failed: neither Neutron nor etcd knows port nobody/);
      const usage = await dry("--port=no body");
      assertEquals([usage.code, usage.out], [2, ""]);

      assertEquals(await synced(), before, "something was written");
      assertEquals(await etcd.get(ELECTION).string(), leader);
      assertEquals(await exists(stateDir), false);

      // Keystone's catalogue tells where Neutron is.
      const found = await run(
        "resync",
        "--dry-run",
        `--config-file=${file}`,
        `--state-dir=${stateDir}`,
        where[0]!,
      );
      assertEquals(found.code, 4, found.err);

      // What Neutron does not show any more is not taken for gone.
      await using neutron = emptyNeutron();
      const held = (...words: string[]) =>
        run(
          "resync",
          "--dry-run",
          `--config-file=${file}`,
          `--state-dir=${stateDir}`,
          where[0]!,
          `--neutron-url=http://127.0.0.1:${neutron.addr.port}`,
          ...words,
        );
      const empty = await held();
      assertEquals([empty.code, /error|failed/.test(empty.err)], [1, false], empty.err);
      assertMatch(
        empty.out,
        /^Held back: Neutron shows none of the \d+ ports .*--allow-deletions/m,
      );
      const guards: ResyncReport["guards"] = JSON.parse((await held("--output=json")).out).guards;
      assert(guards.some(({ why, collection }) => why === "empty" && collection === "ports"));
      const allowed = await held("--allow-deletions");
      assertEquals(allowed.code, 4, allowed.out + allowed.err);

      const down = await run(
        "resync",
        "--dry-run",
        `--config-file=${file}`,
        `--state-dir=${stateDir}`,
        ...where.slice(1),
        `--etcd=http://127.0.0.1:${freePort()}`,
        "--etcd-timeout=1",
      );
      assertEquals(down.code, 1);
      assertMatch(down.err, /the dry run failed: /);
      assert(!/^\s+at /m.test(down.err), down.err);
    }),
);

Deno.test(
  "a dry run on a standby, by the command line and the API; what is written only the master does",
  GRPC,
  () =>
    withCloud(async ({ etcd, file, dir, keys, node: leading }) => {
      const where = (await Deno.readTextFile(`${dir}/words`)).split("\n");
      await using standby = Node.start([
        `--state-dir=${dir}/standby`,
        "--node-name=node-9",
        `--config-file=${file}`,
        ...where,
      ]);
      await standby.ready();
      assertEquals((await standby.answer()).isMaster, false);
      await etcd.delete().key(keys[0]!);

      const text = await standby.command("resync", "--dry-run");
      assertEquals(text.code, 4, text.text);
      assertMatch(text.text, new RegExp(`create ${keys[0]}\\n`));
      // One that fails has found nothing, and does not show what another did.
      const failed = await standby.command("resync", "--dry-run", "--port=nobody");
      assertEquals(failed.code, 1);
      assertMatch(failed.text, /the dry run failed: /);
      assertEquals(/^create /m.test(failed.text), false, failed.text);
      const real = await standby.command("resync");
      assertEquals(real.code, 1);
      assertMatch(real.text, /does not lead, and only the master writes: ask node-1:/);
      assertEquals(await etcd.get(keys[0]!).string(), null);

      const post = (body: unknown) =>
        fetch(`${standby.pageUrl}/api/v1/resync`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
      const refused = await post({});
      assertEquals([refused.status, /does not lead/.test(await refused.text())], [409, true]);
      const accepted = await post({ dry_run: true });
      assertEquals(accepted.status, 202);
      const { id } = await accepted.json();
      const report = await eventually("the answer", async () => {
        const answer = await (await fetch(`${standby.pageUrl}/api/v1/resync`)).json();
        return answer.id === id && answer.state === "done" && answer as ResyncReport;
      });
      assertEquals(report.differences.map(({ action, key }) => [action, key]), [[
        "create",
        keys[0],
      ]]);

      // The same node does not answer any more: the command compares by itself.
      await standby.stop();
      const alone = await standby.command("resync", "--dry-run", "--output=json");
      assertEquals(alone.code, 4, alone.text);
      assertMatch(alone.text, /this command compares by itself/);

      const full = await leading.command("resync", "--output=json");
      assertEquals(full.code, 0, full.text);
      const done: ResyncReport = JSON.parse(full.text);
      assertEquals(done.differences.map(({ action, key }) => [action, key]), [["create", keys[0]]]);
    }),
);

Deno.test(
  "startup_resync never: a started node watches, and a dry run of it says the same",
  GRPC,
  () =>
    withCloud(async ({ etcd, file, dir, keys, node: leading }) => {
      const where = (await Deno.readTextFile(`${dir}/words`)).split("\n");
      await using watching = Node.start([
        `--state-dir=${dir}/watching`,
        "--node-name=node-9",
        `--config-file=${file}`,
        "--startup-resync=never",
        "--resync-interval=1",
        "--incremental-interval=1",
        ...where,
      ]);
      await watching.ready();
      await etcd.delete().key(keys[0]!);
      const given = await leading.command("step-down", "--pause=3600");
      assertEquals(given.code, 0, given.text);
      await eventually("it leads", async () => (await watching.status())?.isMaster, 20_000);
      const doing = await eventually("it watches", async () => {
        const roles = (await watching.status())?.roles ?? [];
        const doing = roles.find(({ name }) => name === "resource-syncer")?.alive?.doing ?? "";
        return /watching only: \d+ difference/.test(doing) && doing;
      }, 20_000);
      assertMatch(doing, /^watching only: 1 difference(: .*)?$/);
      assert((await watching.answer()).ready, "readiness waits for no resync");
      assertEquals((await watching.command("resync", "--dry-run")).code, 4);
      assertEquals(await etcd.get(keys[0]!).string(), null);
      assertEquals((await watching.command("resync")).code, 0);
      assert(await etcd.get(keys[0]!).string());
      await etcd.delete().key(keys[1]!);
      await eventually("it works as usual", () => etcd.get(keys[1]!).string(), 20_000);
    }),
);
