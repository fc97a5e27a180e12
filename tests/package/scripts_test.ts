/** What the maintainer scripts do, beside programs that only note how they were called. @module */
import { assert, assertEquals } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const FOLDER = new URL("../../contrib/package/", import.meta.url).pathname;
const PROGRAMS = ["systemctl", "deb-systemd-invoke", "systemd-sysusers", "deluser"];

/** Where something may be left. */
const LEFT = ["etc/calico-conductor", "var/lib/calico-conductor"];

/** A machine in small: the script with its absolute paths below a folder. */
async function run(
  script: string,
  args: string[],
  prepare: (root: string) => Promise<void> = () => Promise.resolve(),
): Promise<{ code: number; called: string[]; left: string[] }> {
  const dir = await tempDir();
  try {
    const root = dir.path;
    await Deno.mkdir(`${root}/bin`);
    for (const program of PROGRAMS) {
      await Deno.writeTextFile(
        `${root}/bin/${program}`,
        `#!/bin/sh\necho "${program} $*" >>${root}/called\n`,
      );
      await Deno.chmod(`${root}/bin/${program}`, 0o755);
    }
    await Deno.mkdir(`${root}/run/systemd/system`, { recursive: true });
    await prepare(root);
    const text = await Deno.readTextFile(`${FOLDER}${script}`);
    const moved = text.replaceAll(/(?<=[\s=])\/(etc|var|run)\//g, `${root}/$1/`);
    assert(!/(?<=[\s=])\/(etc|var|run)\//.test(moved));
    const { code } = await new Deno.Command("sh", {
      args: ["-c", moved, script, ...args],
      env: { PATH: `${root}/bin:/usr/bin:/bin` },
    }).output();
    const called = await Deno.readTextFile(`${root}/called`).catch(() => "");
    const left: string[] = [];
    for (const path of LEFT) {
      await Deno.stat(`${root}/${path}`).then(() => left.push(path), () => {});
    }
    return { code, called: called.trim().split("\n").filter(Boolean), left };
  } finally {
    await dir[Symbol.asyncDispose]();
  }
}

const RESTART = "deb-systemd-invoke try-restart calico-conductor.service";
const USER = "systemd-sysusers calico-conductor.conf";
const RELOAD = "systemctl daemon-reload";

Deno.test("a first installation makes the account, and neither starts nor enables anything", async () => {
  for (const args of [["configure"], ["configure", ""], ["1"]]) {
    const { code, called } = await run("postinst", args);
    assertEquals([code, called], [0, [USER, RELOAD]], args.join());
  }
});

Deno.test("an upgrade restarts a node that runs, and no other: try-restart, which policy-rc.d may forbid", async () => {
  for (const args of [["configure", "0.1.0-1"], ["2"]]) {
    assertEquals((await run("postinst", args)).called, [USER, RELOAD, RESTART], args.join());
  }
  const kept = await run("postinst", ["configure", "0.1.0-1"], async (root) => {
    await Deno.mkdir(`${root}/etc/calico-conductor`, { recursive: true });
    await Deno.writeTextFile(`${root}/etc/calico-conductor/no-restart-on-upgrade`, "");
  });
  assertEquals(kept.called, [USER, RELOAD]);
});

Deno.test("an upgrade does not stop the node before it, a removal does", async () => {
  for (const args of [["upgrade", "0.2.0-1"], ["1"]]) {
    assertEquals((await run("prerm", args)).called, []);
  }
  const stop = "deb-systemd-invoke stop calico-conductor.service";
  assertEquals((await run("prerm", ["remove"])).called, [stop]);
});

Deno.test("a removal keeps what the administrator wrote, a purge leaves nothing, and both may be done twice", async () => {
  const fill = async (root: string) => {
    for (const dir of ["etc/calico-conductor/credentials", "var/lib/calico-conductor"]) {
      await Deno.mkdir(`${root}/${dir}`, { recursive: true });
      await Deno.writeTextFile(`${root}/${dir}/x`, "");
    }
  };
  const removed = await run("postrm", ["remove"], fill);
  assertEquals([removed.called, removed.left], [[RELOAD], LEFT]);
  for (const prepare of [fill, () => Promise.resolve()]) {
    const { code, called, left } = await run("postrm", ["purge"], prepare);
    const calls = ["deluser --quiet --system calico-conductor", RELOAD];
    assertEquals([code, called, left], [0, calls, []]);
  }
});
