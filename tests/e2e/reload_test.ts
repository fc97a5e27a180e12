import { Etcd3 } from "etcd3";
import { conductorPrefix } from "../../lib/calico/keys.ts";
import { registrationSchema } from "../../lib/state/records.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { outputOf } from "../support/in_time.ts";
import { lives, Node, productCommand, tempDir } from "./node.ts";

/** By role, from a status that was read at `from` or later and says that the node is ready. */
const pidsOf = async (node: Node, from = Date.now()) => {
  const status = await eventually("a new status of a ready node", async () => {
    const status = await node.status(); // one reading serves all who ask within a moment
    return status !== null && status.at >= from && status.ready && status;
  });
  return new Map(status.roles.map(({ name, process }) => [name, process!.pid]));
};

const timesRead = (node: Node) => [...node.output.matchAll(/configuration was read again/g)].length;

/** Reads the configuration again, and tells which roles are others now. */
async function reload(node: Node): Promise<string[]> {
  const [before, count] = [await pidsOf(node), timesRead(node)];
  node.kill("SIGHUP");
  await eventually("it was read", () => timesRead(node) > count);
  const after = await pidsOf(node);
  return [...after].filter(([name, pid]) => before.get(name) !== pid).map(([name]) => name);
}

/** What the node has registered of the section "status" of its configuration; null: nothing. */
async function statusDigest(url: string): Promise<string | null> {
  const etcd = new Etcd3({ hosts: url });
  try {
    const text = await etcd.get(`${conductorPrefix(null)}nodes/node-1`).string();
    return registrationSchema.safeParse(JSON.parse(text ?? "null")).data?.configuration?.sections
      .status ?? null;
  } finally {
    etcd.close();
  }
}

/** A node that is ready and has no Neutron; its state is below the folder. */
async function started(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Node> {
  const node = Node.start([
    `--state-dir=${folder}/state`,
    "--node-name=node-1",
    `--neutron-url=http://127.0.0.1:${freePort()}`,
    "--startup-resync=never",
    ...args,
  ], env);
  try {
    await node.ready();
    return node;
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
}

Deno.test("SIGHUP: only the roles that a change concerns are others; what is wrong is refused", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const file = `${dir.path}/neutron.conf`;
  const write = (text: string) => Deno.writeTextFile(file, text);
  await write("[calico]\netcd_compaction_period_mins = 60\n");
  await using node = await started(dir.path, [`--config-file=${file}`, `--etcd=${server.url}`]);
  assertEquals(await reload(node), [], "nothing has changed");
  await write("[calico]\netcd_compaction_period_mins = 30\n");
  assertEquals(await reload(node), ["manager"]);
  const digest = await eventually("the other nodes are told", () => statusDigest(server.url));
  await write("[calico]\netcd_compaction_period_mins = 30\nnum_port_status_threads = 2\n");
  assertEquals(await reload(node), ["endpoint-status-watcher"]);
  await eventually("they are told of the change, by the same manager", async () => {
    return await statusDigest(server.url) !== digest;
  }, 20_000);

  const before = await pidsOf(node);
  await write("[calico]\netcd_compaction_period_mins = soon\n");
  node.kill("SIGHUP");
  await eventually("it is refused", () => /refused, the one before stays/.test(node.output));
  assertMatch(node.output, /compaction_period.*soon/);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assertEquals(await pidsOf(node), before);
  const { events } = await node.answer();
  assert(events.some(({ message }) => /new configuration is refused/.test(message)));
  const asked = events.filter(({ source }) => source === "requests");
  assertEquals(asked.length, 4, "each SIGHUP is an event");
  assertEquals(asked[0]!.message, "reading the configuration again was asked for by SIGHUP");

  await Deno.remove(file);
  const refusals = () => [...node.output.matchAll(/refused, the one before stays/g)].length;
  node.kill("SIGHUP");
  await eventually("a missing file is refused too", () => refusals() === 2);
  const processes = await node.tree();
  await node.stop();
  assertEquals(node.ended!.code, 0);
  assert(processes.every((pid) => !lives(pid)));
});

Deno.test("reload: the command returns when the configuration is in force, and fails when it is refused", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const file = `${dir.path}/calico-conductor.conf`;
  const write = (period: string) =>
    Deno.writeTextFile(file, `[conductor]\ncompaction_period = ${period}\n`);
  await write("60");
  await using node = await started(dir.path, [`--config-file=${file}`, `--etcd=${server.url}`]);
  const command = async () => {
    const words = ["reload", `--state-dir=${dir.path}/state`];
    const { code, stdout, stderr } = await outputOf(productCommand(words));
    return { code, text: new TextDecoder().decode(code === 0 ? stdout : stderr) };
  };
  const before = await pidsOf(node);
  assertEquals(await command(), {
    code: 0,
    text: "node-1 has read its configuration again; it concerns no role\n",
  });
  await write("30");
  assertMatch((await command()).text, /; it concerns manager\n$/);
  const after = await pidsOf(node);
  const others = [...after].filter(([name, pid]) => before.get(name) !== pid);
  assertEquals(others.map(([name]) => name), ["manager"]);

  await write("soon");
  const refused = await command();
  assertEquals(refused.code, 2);
  assertMatch(refused.text, /refused, the one before stays in force: .*compaction_period.*soon/);
  assertEquals(await pidsOf(node), after);
  const { events } = await node.answer();
  const asked = events.filter(({ source }) => source === "requests").map(({ message }) => message);
  assertMatch(asked[0]!, /^reading the configuration again .* on the command line: it is refused$/);
  assertEquals(asked.length, 4, "each when it is asked for, and the one that is refused");
  const whoAsked = /the configuration again was asked for .*by=.* on the command line/g;
  await eventually("its log says who asked", () => node.output.match(whoAsked)?.length === 3);
  await node.stop();
  const gone = await command();
  assertEquals(gone.code, 1);
  assertMatch(gone.text, /no node runs with the state directory/);
});

Deno.test("SIGHUP: a certificate that was renewed under its name is read by those that use it", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const ca = `${dir.path}/ca.pem`;
  await Deno.writeTextFile(ca, "-----BEGIN CERTIFICATE-----\nold\n-----END CERTIFICATE-----\n");
  await using node = await started(dir.path, [`--etcd=${server.url}`, `--bus-ca-file=${ca}`], {
    CONDUCTOR_TRANSPORT_URL: `rabbit://u:p@127.0.0.1:${freePort()}/`,
  });
  assertEquals(await reload(node), []);
  await Deno.writeTextFile(ca, "-----BEGIN CERTIFICATE-----\nnewer\n-----END CERTIFICATE-----\n");
  assertEquals(await reload(node), [
    "resource-syncer",
    "agent-status-watcher",
    "endpoint-status-watcher",
  ]);
});

Deno.test("SIGHUP: our own file and a secret that the service manager has renewed are read, and it is shown nowhere", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const file = `${dir.path}/calico-conductor.conf`;
  const credential = `${dir.path}/conductor_transport_url`;
  const handOver = (password: string) =>
    Deno.writeTextFile(credential, `rabbit://u:${password}@127.0.0.1:${freePort()}/\n`);
  const write = (period: number) =>
    Deno.writeTextFile(file, `[conductor]\netcd = ${server.url}\ncompaction_period = ${period}\n`);
  await Promise.all([handOver("hidden1"), write(60)]);
  await using node = await started(dir.path, [`--config-file=${file}`], {
    CREDENTIALS_DIRECTORY: dir.path,
    CONDUCTOR_LAB: "off",
  });
  assertEquals(await reload(node), []);
  await write(30);
  assertEquals(await reload(node), ["manager"]);
  await handOver("hidden2");
  assertEquals(await reload(node), [
    "resource-syncer",
    "agent-status-watcher",
    "endpoint-status-watcher",
  ]);
  await Deno.writeFile(credential, new Uint8Array([0xff]));
  node.kill("SIGHUP");
  await eventually("it is refused", () => /refused, the one before stays.*UTF-8/.test(node.output));
  assert(!node.output.includes("hidden"), node.output);
});
