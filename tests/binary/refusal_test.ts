/**
 * What holds a role in the binary to its row: the real binary is started as a role with the row of one
 * configuration and told another, so that it tries what the row does not name. Each refusal has a
 * counterpart that shows that the same start goes well when the row does name it.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { testSeals } from "../support/seals.ts";
import { testConfig } from "../support/test_config.ts";
import { BINARY, productCommand, tempDir } from "../e2e/node.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { createLauncher } from "../../lib/process/launcher.ts";
import type { PermissionReport } from "../../lib/process/permission_report.ts";
import {
  type PermissionRow,
  permissionRow,
  type ProcessName,
} from "../../lib/process/permissions.ts";
import { outputOf } from "../support/in_time.ts";

if (!BINARY) throw new Error("set CONDUCTOR_BINARY to the compiled binary, or use test:binary");
const launcher = createLauncher({
  executable: BINARY,
  standalone: true,
  root: "/nonexistent",
  environment: Deno.env.toObject(),
});

/** Folder of etcd3's files inside the binary, as the binary itself knows it. */
const protoDir = await (async () => {
  // A state directory where no node runs: without, it would be about a node that another test has started.
  await using dir = await tempDir();
  const words = ["permissions", "--output=json", `--state-dir=${dir.path}`];
  const { code, stdout, stderr } = await outputOf(productCommand(words));
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const report = JSON.parse(new TextDecoder().decode(stdout)) as PermissionReport;
  assertEquals(report.enforcedBy, "permissions of a Worker");
  const { read } = report.processes.find(({ name }) => name === "manager")!;
  return read.find((path) => path.endsWith("/proto"))!;
})();
const places = { protoDir, addresses: () => [] };

interface Outcome {
  readonly code: number;
  /** Standard output and error, as they came. */
  readonly output: string;
  readonly stdout: string;
}

/** Runs a role of the binary until its output shows the words or it ends, then asks it to stop. */
async function play(
  name: ProcessName,
  told: unknown,
  row: PermissionRow,
  words: RegExp,
): Promise<Outcome> {
  const { command, args, env, input } = launcher.prepare(
    name,
    row,
    Array.isArray(told) ? told : {
      ...told as Config,
      seals: name === "manager" ? testSeals.manager : testSeals.others,
    },
  );
  const child = new Deno.Command(command, {
    args: [...args],
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(input + "\n"));
  let output = "";
  let stdout = "";
  let ended = false;
  const stop = () => {
    if (!ended) child.kill("SIGTERM");
  };
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream() as TransformStream)) {
      output += text;
      if (stream === child.stdout) stdout += text;
      if (words.test(output)) stop();
    }
  };
  const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const read = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const { code } = await child.status;
  ended = true;
  clearTimeout(late);
  await read;
  await stdin.close().catch(() => {});
  return { code, output, stdout };
}

/** Two state directories and an etcd; rows are computed for the first directory. */
async function withScene(
  test: (scene: { config: Config; other: string; etcdUrl: string }) => Promise<void>,
): Promise<void> {
  await using own = await tempDir();
  await using other = await tempDir();
  await using etcd = await startEtcd();
  const config = testConfig({
    stateDir: own.path,
    etcd: { ...testConfig().etcd, endpoints: [etcd.url] },
  });
  await test({ config, other: other.path, etcdUrl: etcd.url });
}

const rowOf = (name: ProcessName, config: Config) => permissionRow(name, config, places);
const refused = /NotCapable|Requires \w+ access/;

Deno.test("with its own row, a role in the binary does its job and ends in order", async () => {
  await withScene(async ({ config }) => {
    const { code, output } = await play("manager", config, rowOf("manager", config), /elected/);
    assertMatch(output, /"message":"elected"/);
    assert(!refused.test(output), output);
    assertEquals(code, 0);
  });
});

Deno.test("net: another host or port than the row's", async () => {
  await withScene(async ({ config }) => {
    const elsewhere = { ...config, etcd: { ...config.etcd, endpoints: ["http://127.0.0.1:1"] } };
    const row = rowOf("manager", elsewhere);
    // That etcd runs, as the test above shows; grpc-js calls what is refused a refused connection.
    const { output } = await play("manager", config, row, /does not answer[^\n]*\n/);
    assert(!/"message":"elected"/.test(output), output);
    const page = { ...config, diagnostics: { ...config.diagnostics, port: freePort() } };
    const served = await play("diagnostics", page, rowOf("diagnostics", config), refused);
    assertMatch(served.output, /Requires net access to \\?"127\.0\.0\.1:\d+/);
    const own = await play("diagnostics", page, rowOf("diagnostics", page), /page is up/);
    assertEquals([own.code, refused.test(own.output)], [0, false]);
  });
});

Deno.test("read and write: another state directory than the row's", async () => {
  await withScene(async ({ config, other }) => {
    const told = { ...config, stateDir: other };
    const unread = await play("manager", told, rowOf("manager", config), refused);
    assertMatch(unread.output, /Requires (read|write) access/);
    assertEquals(unread.code, 1);
    const row = { ...rowOf("manager", told), write: [] };
    const unwritten = await play("manager", told, row, refused);
    assertMatch(unwritten.output, /Requires write access/);
    assertEquals(
      (await Array.fromAsync(Deno.readDir(other))).length,
      0,
      "nothing was written there",
    );
  });
});

Deno.test("env: a name that the row does not have", async () => {
  await withScene(async ({ config }) => {
    const row = rowOf("manager", config);
    const { code, output } = await play("manager", config, { ...row, env: [] }, refused);
    assertMatch(output, /Requires env access to "(GRPC_\w+|\w+_proxy)"/);
    assertEquals(code, 1);
  });
});

Deno.test("sys: the uptime, which mastership is judged by", async () => {
  await withScene(async ({ config }) => {
    const row = rowOf("manager", config);
    const { output } = await play("manager", config, { ...row, sys: [] }, refused);
    assertMatch(output, /Requires sys access to \\?"osUptime/);
  });
});

Deno.test("run: the lab's shell", async () => {
  await withScene(async ({ config }) => {
    const lab = { ...config, lab: { ...config.lab, enabled: true } };
    const { code, output } = await play("lab", lab, { ...rowOf("lab", lab), run: [] }, refused);
    assertMatch(output, /Requires run access to \\?"sh/);
    assertEquals(code, 1);
  });
});

Deno.test("a tool: only the names in its row", async () => {
  const row = { net: ["localhost"], read: [], write: [], env: [], run: [], sys: [] };
  const names = ["localhost", "localhost.localdomain"];
  const { code, stdout } = await play("name-lookup", names, row, /never/);
  assertEquals(code, 0);
  const found = JSON.parse(stdout);
  assert(found.localhost.includes("127.0.0.1"), stdout);
  assertEquals(found["localhost.localdomain"], []);
});

Deno.test("a role that there is not, and one that is told nothing: exit code 1 and a sentence", async () => {
  const unknown = await outputOf(productCommand(["role", "root"]));
  assertEquals(unknown.code, 1);
  assertMatch(new TextDecoder().decode(unknown.stderr), /there is no role "root"/);
  const untold = await outputOf(productCommand(["role", "manager"]));
  assertEquals(untold.code, 1);
  assertMatch(new TextDecoder().decode(untold.stderr), /nothing came on standard input/);
});
