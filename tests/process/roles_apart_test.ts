/**
 * What a role that was taken over can do to the others of its node, tried by real processes with its row: it may
 * damage what they share, and can have nobody write.
 *
 * @module
 */
import { openEtcd } from "../../lib/etcd/client.ts";
import { electionKey } from "../../lib/calico/keys.ts";
import { createLauncher } from "../../lib/process/launcher.ts";
import { permissionFlags, permissionRow } from "../../lib/process/permissions.ts";
import { settingsOf } from "../../lib/process/roles.ts";
import { FOLDERS } from "../../lib/process/state_files.ts";
import { ROLE_NAMES, type RoleName } from "../../lib/state/records.ts";
import { makeKeyPair, Seals } from "../../lib/state/seal.ts";
import { StateStore } from "../../lib/state/store.ts";
import { emptyNeutron } from "../e2e/node.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { mastershipNow } from "../support/mastership.ts";
import { testSeals } from "../support/seals.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const places = {
  protoDir: new URL("../proto", import.meta.resolve("etcd3")).pathname,
  addresses: () => [],
};
const place = { bootId: "boot", pidNamespace: "pid:[1]" };

const FOLDER_OF: Partial<Record<RoleName, string>> = {
  "resource-syncer": FOLDERS.resources,
  "agent-status-watcher": FOLDERS.agents,
  "endpoint-status-watcher": FOLDERS.ports,
};

/** Runs a few lines with the row of a role; resolves with what they print. */
async function runAs(role: RoleName, stateDir: string, lines: string): Promise<string> {
  await using dir = await tempDir();
  const module = `${dir.path}/taken_over.ts`;
  await Deno.writeTextFile(module, lines);
  const row = permissionRow(role, testConfig({ stateDir }), places);
  const args = ["run", "--quiet", "--unstable-kv", ...permissionFlags(row), module];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return text;
}

Deno.test("a role writes the shared records and its own files, and nobody else's", async (t) => {
  await using dir = await tempDir();
  const stateDir = dir.path;
  for (const folder of Object.values(FOLDERS)) await Deno.mkdir(`${stateDir}/${folder}`);
  const files = ["seals.json", "settings.json", "supervisor.lock", "state.kv.new", "etcd/x"]
    .concat(Object.values(FOLDERS).map((folder) => `${folder}/x.json`));
  const lines = `const stateDir = ${JSON.stringify(stateDir)}; const done = [];
    const attempt = (what, act) => { try { act(); done.push(what); } catch (error) {
      if (error.name !== "NotCapable") done.push(what + ": " + error.message); } };
    for (const file of ${JSON.stringify(files)}) {
      attempt(file, () => Deno.writeTextFileSync(stateDir + "/" + file, "x"));
      for (const own of ${JSON.stringify(Object.values(FOLDERS))}) {
        attempt(own + "/../" + file, () => Deno.writeTextFileSync(stateDir + "/" + own + "/../" + file, "x"));
        attempt("rename", () => Deno.renameSync(stateDir + "/" + own + "/x.json", stateDir + "/seals.json"));
      }
    }
    attempt("link", () => Deno.symlinkSync("/etc", stateDir + "/changed"));
    using kv = await Deno.openKv(stateDir + "/state.kv");
    await kv.set(["alive", "x"], 1);
    console.log(JSON.stringify([...new Set(done)]));`;
  for (const role of ROLE_NAMES) {
    await t.step(role, async () => {
      const folder = FOLDER_OF[role];
      const own = folder ? [`${folder}/x.json`] : [];
      const around = Object.values(FOLDERS).flatMap((from) => own.map((to) => `${from}/../${to}`));
      const done = JSON.parse(await runAs(role, stateDir, lines)) as string[];
      assertEquals(done.sort(), [...own, ...around].sort());
    });
  }
});

/** Starts the resource syncer as the supervisor does. */
function startSyncer(config: ReturnType<typeof testConfig>) {
  const launcher = createLauncher({
    executable: Deno.execPath(),
    standalone: false,
    root: ROOT,
    environment: Deno.env.toObject(),
  });
  const name = "resource-syncer";
  const told = { ...settingsOf(name, config, place), seals: testSeals.others };
  const { command, args, env, input } = launcher.prepare(
    name,
    permissionRow(name, config, places),
    told,
  );
  const child = new Deno.Command(command, {
    args: [...args],
    env: { ...env },
    clearEnv: true,
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const stdin = child.stdin.getWriter();
  stdin.write(new TextEncoder().encode(input + "\n"));
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await stdin.close().catch(() => {});
    },
  };
}

Deno.test("a page that was taken over cannot have the resource syncer write", async () => {
  await using server = await startEtcd();
  await using dir = await tempDir();
  const stateDir = dir.path;
  await using neutron = emptyNeutron();
  const { etcd, openstack } = testConfig();
  const config = testConfig({
    stateDir,
    etcd: { ...etcd, endpoints: [server.url] },
    openstack: {
      ...openstack,
      neutronUrl: `http://127.0.0.1:${neutron.addr.port}`,
      authUrl: null,
    },
  });
  const client = openEtcd(config.etcd);
  using manager = await StateStore.open(stateDir, testSeals.manager);
  try {
    const id = `${config.election.name}:1`;
    const { header } = await client.put(electionKey(null)).value(id).exec();
    const record = { ...mastershipNow(header.revision), id };
    const { open, secret } = await makeKeyPair();
    const foreign = await Seals.of({ trusted: [open], secret });
    const sealed = await foreign.seal("mastership", { order: "9", record });
    await using _ = startSyncer(config);
    const doing = async () => (await manager.readAlive("resource-syncer"))?.doing;
    await eventually("it stands by", async () => await doing() === "standby", 20_000);
    const forged = `const dir = ${JSON.stringify(stateDir)};
      using kv = await Deno.openKv(dir + "/state.kv");
      const signature = new Uint8Array(${JSON.stringify([...sealed.signature])});
      const records = [${JSON.stringify(record)}, { text: ${
      JSON.stringify(sealed.text)
    }, signature }];
      for (const record of records) {
        await kv.set(["mastership"], record);
        Deno.utimeSync(dir + "/changed", new Date(), new Date());
        // It says again that it lives: it has looked since.
        const at = Date.now();
        let looks = 0;
        for (let last = at; looks < 2;) {
          const { value } = await kv.get(["alive", "resource-syncer"]);
          if (value.at > last) [last, looks] = [value.at, looks + 1];
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        console.log((await kv.get(["alive", "resource-syncer"])).value.doing);
      }`;
    assertMatch(await runAs("diagnostics", stateDir, forged), /^standby\nstandby\n$/);
    assertEquals(await manager.readResyncs(), []);
    await manager.writeMastership(record);
    await eventually(
      "the same, from the manager, has it work",
      async () => (await manager.readResyncs()).length > 0,
      20_000,
    );
  } finally {
    client.close();
  }
});
