import { SUPERVISOR_CAN_DO_WITHOUT } from "../../lib/process/drop_permissions.ts";
import { productWords } from "../e2e/node.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const MODULE = import.meta.resolve("../../lib/process/drop_permissions.ts");

/** What a supervisor could try, by whether it needs it. */
const ATTEMPTS: Record<string, string> = {
  "run sh": `await new Deno.Command("sh", { args: ["-c", "true"], clearEnv: true }).output()`,
  "run cat": `await new Deno.Command("cat", { stdin: "null", clearEnv: true }).output()`,
  "run another program": `await new Deno.Command("id", { clearEnv: true }).output()`,
  "run itself":
    `await new Deno.Command(Deno.execPath(), { args: ["--version"], clearEnv: true }).output()`,
  "read a variable": `Deno.env.get("HOME")`,
  connect: `await Deno.connect({ hostname: "127.0.0.1", port: 1 }).catch((error) => {
    if (error.name === "NotCapable") throw error; })`,
  "tell the host name": `Deno.hostname()`,
  "tell the uptime": `Deno.osUptime()`,
};

/** What goes well in a process that was started as the product is. */
async function allowed(prelude: string): Promise<string[]> {
  await using dir = await tempDir();
  const module = `${dir.path}/supervisor.ts`;
  const tries = Object.entries(ATTEMPTS).map(([what, code]) =>
    `try { ${code}; done.push(${JSON.stringify(what)}); } catch (error) {
      if (error.name !== "NotCapable") throw error; }`
  );
  await Deno.writeTextFile(
    module,
    `import { dropPermissions } from ${JSON.stringify(MODULE)};
    const done = [];
    ${prelude}
    ${tries.join("\n")}
    console.log(JSON.stringify(done));`,
  );
  const [command, ...words] = productWords([], [], null);
  const args = words.map((word) => word === "main.ts" ? module : word);
  const { stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("from source, a command runs its own executable and the two programs that tell of processes", async () => {
  const done = await allowed("");
  assertEquals(done.filter((what) => what.startsWith("run")), ["run sh", "run cat", "run itself"]);
});

Deno.test("from source, a supervisor is left its own executable, cat for what the kernel tells, and the uptime", async () => {
  const given = JSON.stringify(SUPERVISOR_CAN_DO_WITHOUT);
  const done = await allowed(`await dropPermissions(${given});`);
  assertEquals(done, ["run cat", "run itself", "tell the uptime"]);
});
