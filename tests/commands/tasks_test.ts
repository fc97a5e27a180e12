import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";
import { guides } from "../../commands/commands.ts";
import { outputOf } from "../support/in_time.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

async function run(command: string, args: string[], home: string) {
  const { code, stdout, stderr } = await outputOf(command, {
    args,
    cwd: home,
    env: { HOME: home, DENO_DIR: await denoDir(), NO_COLOR: "1" },
    stdin: "null",
  });
  const [text, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, text: text!, error: error! };
}

/** Where Deno keeps what it has loaded: not in the home of the test. */
async function denoDir(): Promise<string> {
  const { stdout } = await outputOf(Deno.execPath(), { args: ["info", "--json"] });
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

Deno.test("every command is a task, which hands it its flags", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  for (const { name } of await guides()) {
    if (name === "start") continue;
    assertEquals(tasks[name]?.command, `deno task --quiet start ${name}`, name);
  }
});

Deno.test("bootstrap.sh runs the product's commands, from anywhere, with their exit codes", async () => {
  await using dir = await tempDir();
  const bootstrap = (...words: string[]) => run("sh", [`${ROOT}bootstrap.sh`, ...words], dir.path);
  const config = await bootstrap("config", "--output", "json");
  assertEquals(config.code, 0, config.error);
  assertEquals(JSON.parse(config.text).running, null);
  const status = await bootstrap("status");
  assertEquals(status.code, 1);
  assertMatch(status.error, /nothing has run with the state directory/);
  assertEquals((await bootstrap("resync", "--config-file", "missing.conf")).code, 2);
  for (const words of [["--help"], ["help"], ["-h"]]) {
    assertMatch((await bootstrap(...words)).text, /^calico-conductor: .*\n[^]*Commands /);
  }
  for (const word of ["--version", "version", "-V"]) {
    assertMatch((await bootstrap(word)).text, /^calico-conductor \d+\.\d+\.\d+ \(Deno /);
  }
  assertMatch((await bootstrap("help", "step-down")).text, /^calico-conductor step-down: /);
  const unknown = await bootstrap("satus");
  assert(unknown.code !== 0 && /Task not found: satus/.test(unknown.error), unknown.error);
});
