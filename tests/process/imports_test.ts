/** No process may run code from anywhere but the sources and the locked packages in the cache. @module */
import { assert, assertEquals } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { createLauncher } from "../../lib/process/launcher.ts";
import { permissionRow } from "../../lib/process/permissions.ts";
import { SUPERVISED, type SupervisedName } from "../../lib/process/roles.ts";
import { TOOL_NAMES } from "../../lib/process/tools.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const NAMES = [...Object.keys(SUPERVISED) as SupervisedName[], ...TOOL_NAMES];
const launcher = createLauncher({
  executable: Deno.execPath(),
  standalone: false,
  root: ROOT,
  environment: Deno.env.toObject(),
});

/** A server that would give code, and counts who asks for it. */
function serveCode() {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    asked++;
    const headers = { "content-type": "text/javascript" };
    return new Response("export default 1;", { headers });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    get asked() {
      return asked;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Prints which of the specifiers could be imported, and whether the package that is locked could. */
function attempt(specifiers: readonly string[]): string {
  return `const found = [];
    for (const specifier of ${JSON.stringify(specifiers)}) {
      try { await import(specifier); found.push(specifier); } catch { /* refused */ }
    }
    console.log(JSON.stringify(found));
    Deno.exit(0);`;
}

/** What a process of that name may import, from source. */
async function imported(name: typeof NAMES[number], origin: string, module: string) {
  const row = permissionRow(name, testConfig(), { protoDir: "/proto", addresses: () => [] });
  // It may connect to the server: that alone gives it no code.
  const net = [...row.net, new URL(origin).host];
  const { command, args, env } = launcher.prepare(name, { ...row, net }, {});
  const { stdout, stderr } = await new Deno.Command(command, {
    args: [...args.slice(0, -1), module],
    env,
    clearEnv: true,
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("from source, no process imports from the network or a package that is not locked", async () => {
  await using server = serveCode();
  const lock = await Deno.readTextFile(`${ROOT}/deno.lock`);
  const dir = await Deno.makeTempDir();
  try {
    const locked = "npm:hono@4.13.19";
    await Deno.writeTextFile(
      `${dir}/remote.ts`,
      attempt([locked, `${server.origin}/code.js`, "https://jsr.io/@std/cli/1.0.0/mod.ts"]),
    );
    await Deno.writeTextFile(`${dir}/package.ts`, attempt(["npm:hono@4.13.18"]));
    for (const name of NAMES) {
      assertEquals(await imported(name, server.origin, `${dir}/remote.ts`), [locked], name);
      assertEquals(await imported(name, server.origin, `${dir}/package.ts`), [], name);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  assertEquals(server.asked, 0);
  assertEquals(await Deno.readTextFile(`${ROOT}/deno.lock`), lock);
});

Deno.test("the lock is frozen for every task", async () => {
  const { lock } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  assertEquals(lock, { path: "deno.lock", frozen: true });
});
