/**
 * The .rpm installed, upgraded and erased by rpm itself, in a root of its own that has a shell, the real
 * systemd-sysusers and a systemctl that only notes how it was called.
 *
 * @module
 */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { VERSION } from "../../lib/base/version.ts";
import { makePackages } from "../../tools/package/main.ts";
import { tempDir } from "../support/temp_dir.ts";

const PROGRAMS = ["/bin/sh", "/usr/bin/systemd-sysusers"];
const CONFIG = "etc/calico-conductor/calico-conductor.conf";

/** What a program says, errors too. @throws it fails. */
async function run(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${text}`);
  return text;
}

/** Why it cannot be done here; null: it can. */
async function hindrance(): Promise<string | null> {
  if (Deno.uid() !== 0) return "scriptlets are run in a root of their own, which takes root";
  try {
    for (const program of ["rpm", ...PROGRAMS.slice(1)]) await run(program, "--version");
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Puts a program into the root, and the libraries that it loads. */
async function put(root: string, program: string): Promise<void> {
  const libraries = (await run("ldd", program)).match(/\/\S+/g) ?? [];
  for (const path of [program, ...libraries.filter((path) => !path.endsWith(":"))]) {
    await Deno.mkdir(`${root}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.copyFile(path, `${root}${path}`);
  }
}

async function makeRoot(root: string): Promise<void> {
  const dirs = ["usr/lib", "usr/lib64", "usr/bin", "bin", "dev", "etc", "run/systemd/system"];
  for (const dir of dirs) await Deno.mkdir(`${root}/${dir}`, { recursive: true });
  for (const lib of ["lib", "lib64"]) await Deno.symlink(`usr/${lib}`, `${root}/${lib}`);
  for (const program of PROGRAMS) await put(root, program);
  const systemctl = `${root}/usr/bin/systemctl`;
  await Deno.writeTextFile(systemctl, '#!/bin/sh\necho "$*" >>/called\n', { mode: 0o755 });
  for (const file of ["passwd", "group"]) await Deno.writeTextFile(`${root}/etc/${file}`, "");
  await run("rpm", "--root", root, "--initdb");
}

/** Paths in the root that have the product's name, or are in a folder that has, with mode and owner. */
async function found(root: string): Promise<string[]> {
  const words = ["-path", "*calico-conductor*", "-printf", "%M %u:%g %P\n"];
  return (await run("find", root, ...words)).split("\n").filter(Boolean).sort();
}

Deno.test("the .rpm: installed, upgraded and erased by rpm", {
  ignore: await hindrance() !== null,
}, async (t) => {
  await using dir = await tempDir();
  const root = `${dir.path}/root`;
  await makeRoot(root);
  await Deno.writeTextFile(`${dir.path}/program`, "#!/bin/sh\n");
  const make = async (release: string) => {
    const options = { arch: "amd64", binary: `${dir.path}/program`, out: dir.path, release };
    return (await makePackages({ ...options, formats: ["rpm"], epoch: 1_700_000_000 }))[0]!;
  };
  const rpm = (...words: string[]) => run("rpm", "--root", root, ...words);
  // Nothing that it depends on is a package there; Debian's rpm would have one use Debian's packages.
  const forced = ["--nodeps", "--force-debian"];
  /** How systemctl was called since the last time. */
  const called = async () => {
    const lines = (await Deno.readTextFile(`${root}/called`)).trim().split("\n");
    await Deno.remove(`${root}/called`);
    return lines;
  };

  await t.step("an installation makes the account, and starts nothing", async () => {
    await rpm("--install", ...forced, await make("1"));
    assertEquals(await called(), ["daemon-reload"]);
    assertMatch(
      await Deno.readTextFile(`${root}/etc/passwd`),
      /^calico-conductor:x:\d+:\d+:calico-conductor:\/var\/lib\/calico-conductor:\/usr\/sbin\/nologin$/m,
    );
    await rpm("--verify", "--nodeps", "calico-conductor"); // fails where a file is not as packed
    const files = await found(root);
    for (
      const line of [
        "drwxr-xr-x root:root etc/calico-conductor",
        "drwx------ root:root etc/calico-conductor/credentials",
        `-rw-r--r-- root:root ${CONFIG}`,
        "-rwxr-xr-x root:root usr/bin/calico-conductor",
        "-rw-r--r-- root:root usr/lib/systemd/system/calico-conductor.service",
      ]
    ) assertEquals(files.filter((file) => file === line).length, 1, line);
  });

  await t.step(
    "an upgrade keeps what was written into the settings, and restarts a node that runs",
    async () => {
      await Deno.writeTextFile(`${root}/${CONFIG}`, "[conductor]\n");
      await rpm("--upgrade", ...forced, await make("2"));
      assertEquals(await called(), ["daemon-reload", "try-restart calico-conductor.service"]);
      assertEquals(await Deno.readTextFile(`${root}/${CONFIG}`), "[conductor]\n");
      assertEquals(
        (await rpm("--query", "calico-conductor")).trim(),
        `calico-conductor-${VERSION}-2.x86_64`,
      );
    },
  );

  await t.step(
    "an erasure stops the node and leaves its settings alone, and nothing else",
    async () => {
      await rpm("--erase", "--force-debian", "calico-conductor");
      const stop = "--no-reload disable --now calico-conductor.service";
      assertEquals(await called(), [stop, "daemon-reload"]);
      assertEquals(await found(root), [
        "-rw-r--r-- root:root " + `${CONFIG}.rpmsave`,
        "drwxr-xr-x root:root etc/calico-conductor",
      ]);
    },
  );
});
