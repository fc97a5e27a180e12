import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { STOP_GROUPS } from "../../lib/process/roles.ts";
import { tempDir } from "../support/temp_dir.ts";

const UNIT = await Deno.readTextFile(
  new URL("../../contrib/systemd/calico-conductor.service", import.meta.url),
);
const CONTAINER = await Deno.readTextFile(
  new URL("../../contrib/container/Containerfile", import.meta.url),
);

const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(UNIT)?.[1];

async function hasSystemd(): Promise<boolean> {
  try {
    return (await new Deno.Command("systemd-analyze", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

Deno.test("the unit leaves the supervisor the time and the order that a stop takes", () => {
  const { config } = resolveConfig({ flags: {}, env: {}, files: [], hostname: "h" });
  const stopSeconds = STOP_GROUPS.length * config.supervision.stopTimeoutMs / 1000;
  assert(Number(value("TimeoutStopSec")) > 2 * stopSeconds, "too little time to stop in");
  assertEquals(value("KillMode"), "mixed");
  assertEquals(value("RestartPreventExitStatus"), "2");
  assertEquals([value("Type"), value("NotifyAccess")], ["notify", "main"]);
  assertEquals(value("MemoryDenyWriteExecute"), undefined, "V8 compiles");
});

Deno.test("a reload needs no other package, and asks the program that runs", () => {
  const [program] = value("ExecStart")!.split(" ");
  assertEquals(value("ExecReload"), `${program} reload`);
});

Deno.test("no secret is in the environment or an argument, and no lab starts by chance", () => {
  assertEquals(value("LoadCredential"), "conductor:/etc/calico-conductor/credentials");
  assertEquals(value("Environment"), "CONDUCTOR_LAB=off");
  assertEquals([value("User"), value("StateDirectory")], ["calico-conductor", "calico-conductor"]);
});

Deno.test("systemd accepts the unit, and finds it well fenced", {
  ignore: !await hasSystemd(),
}, async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/calico-conductor.service`;
  await Deno.writeTextFile(path, UNIT.replaceAll(/^(Exec\w+)=\S+/gm, "$1=/bin/true"));
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), complaints: decode(stderr) };
  };
  const verified = await run("verify", path);
  const ours = verified.complaints.split("\n").filter((line) => line.includes("calico-conductor"));
  assertEquals([verified.code, ours], [0, []]);
  const { out } = await run("security", "--offline=true", "--no-pager", "--threshold=15", path);
  assertMatch(out, /Overall exposure level for calico-conductor.service: 1\.\d OK/);
});

Deno.test("the container's process 1 passes SIGTERM on to the supervisor, as nobody special", () => {
  assertMatch(CONTAINER, /^USER \d+:\d+$/m);
  assertMatch(
    CONTAINER,
    /^ENTRYPOINT \["\/usr\/bin\/tini", "--", "\/usr\/local\/bin\/calico-conductor"\]$/m,
  );
  assertMatch(CONTAINER, /^STOPSIGNAL SIGTERM$/m);
  assert(!/^(RUN|CMD|ENTRYPOINT) .*(PASSWORD|TOKEN)/m.test(CONTAINER), "no secret is built in");
});
