/**
 * The host of a role in a Worker, with modules of its own, from source: what the binary does with its
 * roles. The binary's own tests are in tests/binary.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { inTime } from "../support/in_time.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const CHANNEL =
  `import { openParentChannel } from "${ROOT}lib/role/parent_channel.ts";\nconst channel = await openParentChannel();\n`;
const OBEDIENT = CHANNEL + `console.log("told", JSON.stringify(channel.input));
setInterval(() => {}, 1000);
channel.stop.addEventListener("abort", () => { console.log("stop", channel.stop.reason.message); channel.exit(0); });`;
const BLOCKED = CHANNEL + `console.log("told"); while (true);`;
const CRASHING = CHANNEL + `throw new Error("no such thing");`;
const DONE = CHANNEL + `console.log("told"); channel.exit(7);`;

interface Hosted extends AsyncDisposable {
  readonly pid: number;
  /** How it ended, once all that it has said is in `output`. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  output: string;
  /** Waits for the words. */
  says(words: RegExp): Promise<unknown>;
}

/** Starts a host that tells what it is still allowed once the Worker has its input. */
async function host(code: string, permissions: Record<string, unknown> = {}): Promise<Hosted> {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/role.ts`, code);
  await Deno.writeTextFile(
    `${dir}/host.ts`,
    `import { hostModule } from "${ROOT}lib/role/worker_host.ts";
     const kinds = ["net", "read", "write", "env", "run", "sys", "ffi", "import"];
     const timer = setInterval(async () => {
       const granted = [];
       for (const name of kinds) {
         if ((await Deno.permissions.query({ name })).state === "granted") granted.push(name);
       }
       console.log("host may", granted.join(" ") || "nothing");
     }, 100);
     const code = await hostModule("role", new URL("file://${dir}/role.ts"));
     clearInterval(timer);
     Deno.exit(code);`,
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", `--config=${ROOT}deno.json`, `${dir}/host.ts`],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  const line = JSON.stringify({ permissions: { ...NONE, ...permissions }, input: { a: 1 } });
  await stdin.write(new TextEncoder().encode(line + "\n"));
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream() as TransformStream)) {
      hosted.output += text;
    }
  };
  const ended = async () => {
    await read;
    return await inTime("the child ends", child.status);
  };
  const hosted: Hosted = {
    pid: child.pid,
    get status() {
      return ended();
    },
    stdin,
    output: "",
    says: (words) => eventually(String(words), () => words.test(hosted.output), 10_000),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
      await read;
      await stdin.close().catch(() => {});
      await Deno.remove(dir, { recursive: true });
    },
  };
  const read = Promise.all([collect(child.stdout), collect(child.stderr)]);
  return hosted;
}
const NONE = {
  net: false,
  read: false,
  write: false,
  env: false,
  run: false,
  sys: false,
  ffi: false,
  import: false,
};

Deno.test("a Worker is told its input, stops on SIGTERM, and gives the process its exit code", async () => {
  await using role = await host(OBEDIENT);
  await role.says(/told \{"a":1\}/);
  Deno.kill(role.pid, "SIGTERM");
  assertEquals((await inTime("the role ends", role.status)).code, 0);
  assertMatch(role.output, /stop SIGTERM/);
  await using other = await host(DONE);
  assertEquals((await inTime("the other ends", other.status)).code, 7);
});

Deno.test("once the Worker runs, the thread beside it may do nothing any more", async () => {
  await using role = await host(OBEDIENT, { read: [ROOT] });
  await role.says(/told/);
  await role.says(/host may nothing/);
});

Deno.test("the Worker may do what its row says and nothing else", async () => {
  const probe = CHANNEL + `
    const tries = { own: () => Deno.readTextFileSync("${ROOT}deno.json"),
      other: () => Deno.readTextFileSync("/etc/passwd"), env: () => Deno.env.get("HOME"),
      net: () => Deno.listen({ port: 0 }), run: () => new Deno.Command("id").outputSync(),
      nested: () => new Worker("data:text/javascript,", { type: "module",
        deno: { permissions: { read: true } } }) };
    for (const [name, attempt] of Object.entries(tries)) {
      try { attempt(); console.log(name, "allowed"); } catch (e) { console.log(name, e.name); }
    }
    channel.exit(0);`;
  await using role = await host(probe, { read: [ROOT] });
  await inTime("the role ends", role.status);
  const words = role.output.split("\n").filter((line) => /^\w+ \w+$/.test(line));
  assertEquals(words, [
    "own allowed",
    "other NotCapable",
    "env NotCapable",
    "net NotCapable",
    "run NotCapable",
    "nested NotCapable",
  ]);
});

Deno.test("when whoever started it is gone, the Worker is asked to stop; one that is wedged goes with its process", async () => {
  await using role = await host(OBEDIENT);
  await role.says(/told/);
  await role.stdin.close();
  assertEquals((await inTime("the role ends", role.status)).code, 0);
  assertMatch(role.output, /stop whoever started this process is gone/);
  await using wedged = await host(BLOCKED);
  await wedged.says(/told/);
  const closedAt = performance.now();
  await wedged.stdin.close();
  assertEquals((await wedged.status).code, 1);
  assertWithin(performance.now() - closedAt, 8000, "the end of a wedged role");
});

Deno.test("a wedged Worker does not hinder a SIGKILL", async () => {
  await using role = await host(BLOCKED);
  await role.says(/told/);
  Deno.kill(role.pid, "SIGKILL");
  assertEquals((await inTime("the role ends", role.status)).signal, "SIGKILL");
});

Deno.test("a Worker that throws: exit code 1 and one line that says why", async () => {
  await using role = await host(CRASHING);
  assertEquals((await inTime("the role ends", role.status)).code, 1);
  await role.says(/no such thing/);
  const lines = role.output.split("\n").filter((line) => line.startsWith("error:"));
  assert(lines[0]?.includes("no such thing"), role.output);
});
