import { parseProcessPlace, readProcessPlace } from "../../lib/process/place.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("boot and pid namespace are what the kernel says", async () => {
  if (Deno.build.os !== "linux") return;
  const place = await readProcessPlace();
  const bootId = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  assertEquals(place, { bootId, pidNamespace: await Deno.readLink("/proc/self/ns/pid") });
});

Deno.test("where the kernel does not say, a place equals no other", async () => {
  const module = new URL("../../lib/process/place.ts", import.meta.url);
  const code = `
    import { readProcessPlace } from ${JSON.stringify(module.href)};
    const [one, two] = [await readProcessPlace(), await readProcessPlace()];
    console.log(one.bootId !== two.bootId && one.pidNamespace === two.pidNamespace);
  `;
  const run = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "--ext=ts", "-"], // it may run nothing
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = run.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { stdout } = await run.output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "true");
});

Deno.test("what two programs print is taken whole or not at all", () => {
  const boot = "70a11de0-f42b-4e09-9fc0-4b4da2a71ef0";
  assert(parseProcessPlace(`${boot}\npid:[4026531836]\n`));
  for (
    const text of ["", `${boot}\n`, `${boot}\npid:[x]\n`, `x${boot}\npid:[1]\n`, "\npid:[1]\n"]
  ) {
    assertEquals(parseProcessPlace(text), null);
  }
});
