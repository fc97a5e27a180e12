import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { killAll, labArgs, Node, productCommand, productWords, ROOT, tempDir } from "./node.ts";
import { openTerminal } from "./terminal.ts";
import { outputOf } from "../support/in_time.ts";

/** A command in a shell of its own: nothing of the node's options or secrets is in it. */
async function command(home: string, ...words: string[]) {
  const { code, stdout, stderr } = await outputOf(productCommand(words, { HOME: home }));
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, text: decode(stdout), error: decode(stderr) };
}

Deno.test("commands without options find the node that runs, and speak of its settings", async () => {
  await using dir = await tempDir();
  const home = await Deno.realPath(dir.path);
  const stateDir = `${home}/elsewhere`;
  const env = { HOME: home, CONDUCTOR_API_TOKEN: "hidden-token-1", OS_REGION_NAME: "north" };
  const { args } = labArgs(stateDir, 20);
  {
    const file = `${home}/neutron.conf`;
    await Deno.writeTextFile(file, "[calico]\nnum_port_status_threads = 7\nnot_known = 1\n");
    await using node = Node.start([...args, `--config-file=${file}`], env);
    await node.ready();
    assertMatch(node.output, /WARN.*\[calico\] not_known is not known/);

    const status = await command(home, "status", "--output=json");
    assertEquals([status.code, JSON.parse(status.text).node.name], [0, "node-1"], status.error);

    const config = await command(home, "config", "--output=json");
    const told = JSON.parse(config.text);
    assertEquals(told.running, { stateDir, node: "node-1" });
    assertMatch(String(told.warnings), /\[calico\] not_known is not known/);
    const of = (name: string) => told.options.find((one: { name: string }) => one.name === name);
    assertEquals([of("lab_ports").value, of("lab_ports").source], ["20", "--lab-ports"]);
    assertEquals(of("port_status_threads").source, `${file} [calico] num_port_status_threads`);
    const { set, value, source } = of("api_token");
    assertEquals([set, value, source], [true, null, "CONDUCTOR_API_TOKEN"]);
    const recorded = await Deno.readTextFile(`${stateDir}/settings.json`);
    assert(!(config.text + recorded).includes("hidden-token"), "a secret is told");
    assertMatch(
      (await command(home, "config")).text,
      /^os_region_name +. north +\(OS_REGION_NAME\)$/m,
    );

    // The record follows what comes into force; what is refused stays out of it.
    await Deno.writeTextFile(file, "[calico]\nnum_port_status_threads = 9\n");
    node.kill("SIGHUP");
    await eventually(
      "the new value is told",
      async () => /^port_status_threads += 9 /m.test((await command(home, "config")).text),
    );
    await Deno.writeTextFile(file, "[calico]\nnum_port_status_threads = many\n");
    node.kill("SIGHUP");
    await eventually("it is refused", () => /configuration is refused/.test(node.output));
    assertMatch((await command(home, "config")).text, /^port_status_threads += 9 /m);

    // The doctor needs the secret, and reads it where the node has it.
    const doctor = await command(home, "doctor");
    assertMatch(doctor.text, new RegExp(`state directory ${stateDir}: writable`));
    assertEquals(/not_known/.test(doctor.text), false, "what was mended is still told");
    const resync = await command(home, "resync", "--dry-run");
    assert(!/compares by itself/.test(resync.error), resync.error);
    const down = await command(home, "step-down", "--pause=0");
    assertMatch(down.text, /^node-1 has stepped down/);

    // A killed node's record counts for nothing.
    killAll((await node.tree()).toReversed());
  }
  assertMatch(await Deno.readTextFile(`${stateDir}/settings.json`), /node-1/);
  const after = await command(home, "status");
  assertMatch(after.error, /nothing has run with the state directory .*\.local\/state/);
  const killed = await command(home, "status", `--state-dir=${stateDir}`);
  assertEquals(killed.code, 3);
  assertMatch(killed.error, /^no node runs with the state directory .*\/elsewhere$/m);
  assertMatch((await command(home, "config")).text, /^lab_ports +. 200 +\(default\)$/m);
});

Deno.test("with several nodes, an action says which there are and goes to none", async () => {
  await using dir = await tempDir();
  const home = await Deno.realPath(dir.path);
  const first = labArgs(`${home}/a`, 20);
  await using one = Node.start(first.args, { HOME: home });
  await using two = Node.start([
    ...[`--state-dir=${home}/b`, "--node-name=node-2", "--lab=off"],
    ...[`--etcd=http://127.0.0.1:${freePort()}`],
  ], { HOME: home });
  await one.ready();
  await two.rolePid("manager");
  for (const words of [["step-down"], ["resync"], ["status"]]) {
    const { code, error } = await command(home, ...words);
    assertEquals(code, 2, error);
    assertMatch(
      error,
      /several nodes run.*\n.*--state-dir .*\/a +\(node-1, pid \d+\)\n.*\/b +\(node-2/,
    );
  }
  // A page that answers is another node's, whatever its name.
  const listen = `--listen=${new URL(one.pageUrl).host}`;
  const own = [listen, "--node-name=node-1", "--lab=off", "--etcd=http://127.0.0.1:1"];
  const idle = await command(home, "status", `--state-dir=${home}/idle`, ...own);
  assertEquals([idle.code, idle.text], [1, ""]);
  assertMatch(idle.error, /no node runs with the state directory .*\/idle/);
  assertMatch((await command(home, "status", `--state-dir=${home}/a`)).text, /node {4}node-1/);
  const told = await command(home, "config", `--state-dir=${home}/b`);
  assertMatch(told.text, /^node_name +. node-2 /m);
});

Deno.test("a configuration that cannot be read is one that cannot be used: exit code 2", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(`${dir.path}/clouds.yaml`, "clouds:\n  prod:\n");
  for (
    const [file, says] of [
      [`${dir.path}/missing.conf`, /cannot read --config-file .*missing\.conf/],
      [dir.path, /cannot read --config-file/],
      [`${dir.path}/clouds.yaml`, /is no oslo INI file/],
    ] as const
  ) {
    for (const name of ["start", "config", "status"]) {
      const { code, error } = await command(dir.path, name, `--config-file=${file}`);
      assertEquals(code, 2, error);
      assertMatch(error, says);
    }
  }
});

Deno.test("the help is as wide as the terminal", async () => {
  const words = ["sh", "-c", 'stty cols 50; exec "$@"', "sh", ...productWords(["--help"])];
  await using terminal = openTerminal(words);
  await eventually("the help", () => /Exit codes:[^]*\n {2}4/.test(terminal.output()));
  const lines = terminal.output().split(/\r?\n/);
  assert(lines.some((line) => line.length > 45) && lines.every((line) => line.length <= 50));
});

Deno.test("a command whose answer cannot be written fails, and says why", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using dir = await tempDir();
  const home = await Deno.realPath(dir.path);
  for (const words of [["permissions", "--output=json"], ["man"], ["--version"]]) {
    const [program, ...args] = productWords(words);
    const { code, stderr } = await outputOf("sh", {
      args: ["-c", 'exec "$@" >/dev/full', "sh", program, ...args],
      cwd: ROOT,
      env: { HOME: home, CONDUCTOR_BINARY: "" },
    });
    assertEquals(code, 1, words.join(" "));
    const said = new TextDecoder().decode(stderr);
    assertMatch(said, /standard output cannot be written: No space left on device/);
  }
});
