import { assertEquals } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import type { CommandContext } from "../../commands/context.ts";
import { SettingsInForce } from "../../commands/settings_in_force.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { readNodeRecord } from "../../lib/state/node_record.ts";

Deno.test("the record names a configuration file as it was given: a link may lead elsewhere later, or to no path", async () => {
  await using dir = await tempDir();
  const base = await Deno.realPath(dir.path);
  // As Kubernetes mounts a file, and replaces it.
  for (const version of ["1", "2"]) {
    await Deno.mkdir(`${base}/${version}`);
    await Deno.writeTextFile(`${base}/${version}/a.conf`, version);
  }
  await Deno.symlink("1", `${base}/data`);
  await Deno.symlink("data/a.conf", `${base}/a.conf`);
  // As a shell passes what a command prints.
  await Deno.symlink("pipe:[1]", `${base}/fd`);
  const configPaths = [`${base}/a.conf`, `${base}/fd`].map((path) => ({ path, directory: false }));
  const context = {
    pid: 1,
    resolve: () => resolveConfig({ flags: { state_dir: base }, env: {}, files: [], hostname: "n" }),
    given: {
      options: {},
      configPaths,
      env: {},
      places: { usual: base, pointers: null, services: null },
    },
  } as unknown as CommandContext;
  const place = { bootId: "boot", pidNamespace: "pid:[1]" };
  await using _announced = await new SettingsInForce(context).announce(new LogRecorder(), place);
  await Deno.remove(`${base}/data`);
  await Deno.symlink("2", `${base}/data`);
  const [first, second] = (await readNodeRecord(base))!.configFiles;
  assertEquals(await Deno.readTextFile(first!.absolute), "2");
  assertEquals(second, { path: `${base}/fd`, absolute: `${base}/fd`, directory: false });
});
