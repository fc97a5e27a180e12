/** The test bed itself: it is of the release that was asked for, and leaves nothing behind. */
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
