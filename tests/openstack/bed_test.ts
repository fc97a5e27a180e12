/** The test bed itself: it is of the release that was asked for, and leaves nothing behind. */
import { createHash } from "node:crypto";
import { assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";

/** Major versions of Neutron. */
const NEUTRON: Record<string, string> = {
  zed: "21",
  "2025.1": "26",
  "2026.1": "28",
  "2026.2": "29",
};

Deno.test("the bed's programs are those of its release", async () => {
  const bed = await Bed.open();
  const version = "import importlib.metadata as m; print(m.version('neutron'))";
  assertMatch(
    await bed.run("/usr/bin/python3", "-c", version),
    new RegExp(`^${NEUTRON[bed.at.release]}\\.`),
  );
});

Deno.test("a program of the bed that is killed leaves no mount, and no file outside the bed", async () => {
  const bed = await Bed.open();
  const mounts = async () => (await Deno.readTextFile("/proc/self/mountinfo")).split("\n").sort();
  const before = await mounts();
  const [inside, outside] = [`${bed.at.dir}/run/written`, `/var/written-${crypto.randomUUID()}`];
  // What runs in no chroot would truly write it.
  const own = await Deno.readLink("/proc/self/ns/mnt");
  const script = bed.script(
    "run",
    "sh",
    "-c",
    `[ "$(readlink /proc/self/ns/mnt)" = "${own}" ] || touch ${outside}; touch ${inside}; exec sleep 600`,
  );
  await using child = script.spawn();
  await eventually("it runs", () => Deno.stat(inside).catch(() => null), 30_000);
  assertEquals(await mounts(), before);
  child.kill("SIGKILL");
  await child.status;
  assertEquals(await mounts(), before);
  assertEquals(await Deno.stat(outside).catch(() => null), null);
  await Deno.remove(inside);
});

/** A mirror in a folder, whose only package is a version of Neutron; returns the configuration that makes it apt's. */
async function mirrorWith(dir: string, suites: readonly string[], version: string) {
  const packages = `Package: python3-neutron\nVersion: ${version}\nArchitecture: all\n` +
    "Filename: none.deb\nSize: 1\n";
  const digest = createHash("sha256").update(packages).digest("hex");
  for (const suite of suites) {
    await Deno.mkdir(`${dir}/dists/${suite}/main/binary-all`, { recursive: true });
    await Deno.writeTextFile(`${dir}/dists/${suite}/main/binary-all/Packages`, packages);
    await Deno.writeTextFile(
      `${dir}/dists/${suite}/Release`,
      `Codename: ${suite}\nSuite: ${suite}\nArchitectures: all\nComponents: main\n` +
        `SHA256:\n ${digest} ${packages.length} main/binary-all/Packages\n`,
    );
  }
  await Deno.writeTextFile(`${dir}/sources.list`, `deb file:${dir} ${suites[0]} main\n`);
  await Deno.writeTextFile(
    `${dir}/apt.conf`,
    `Dir::Etc::SourceList "${dir}/sources.list";\nDir::Etc::SourceParts "/dev/null";\n` +
      'Acquire::AllowInsecureRepositories "true";\n',
  );
  return `${dir}/apt.conf`;
}

const codename = /^VERSION_CODENAME=(\w+)$/m.exec(
  await Deno.readTextFile("/etc/os-release").catch(() => ""),
)?.[1];
const mayUseChroots = Deno.uid() === 0 && codename !== undefined &&
  await Deno.stat("/usr/bin/apt-get").then(() => true, () => false);

Deno.test(
  "a release that its Debian has left behind is said not to be had, before anything is made",
  { ignore: !mayUseChroots },
  async () => {
    const dir = await Deno.makeTempDir();
    const check = async (version: string) => {
      const { success, stderr } = await new Deno.Command("bash", {
        args: [new URL("bed/release.sh", import.meta.url).pathname, "check", "2026.2"],
        env: {
          APT_CONFIG: await mirrorWith(dir, [codename!, "sid"], version),
          OPENSTACK_BED_CACHE: `${dir}/cache`,
        },
        stdin: "null",
        stdout: "null",
      }).output();
      return { success, said: new TextDecoder().decode(stderr) };
    };
    try {
      await Deno.chmod(dir, 0o755); // apt reads it as a user of its own
      assertEquals(await check("2:29.1.0-1"), { success: true, said: "" });
      assertEquals(await check("2:30.0.0-1"), {
        success: false,
        said: "Debian sid has Neutron 30.0.0-1 now, and not 29 any more\n",
      });
      assertEquals(await Deno.stat(`${dir}/cache`).catch(() => null), null);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);
