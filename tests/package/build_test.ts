/** The packages themselves, with a small program in the binary's place, or CONDUCTOR_BINARY for lintian. @module */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { VERSION } from "../../lib/base/version.ts";
import { debianVersion } from "../../tools/package/files.ts";
import { makePackages, type PackageOptions } from "../../tools/package/main.ts";
import { tempDir } from "../support/temp_dir.ts";

const EPOCH = 1_700_000_000;

async function has(program: string): Promise<boolean> {
  const command = new Deno.Command(program, {
    args: ["--version"],
    stdout: "null",
    stderr: "null",
  });
  return await command.output().then(({ success }) => success, () => false);
}

async function said(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

async function build(dir: string, out: string, more: Partial<PackageOptions> = {}) {
  const binary = `${dir}/program`;
  await Deno.writeTextFile(binary, "#!/bin/sh\necho x\n");
  const formats = ["deb", "rpm"];
  const options = { arch: "amd64", binary, out: `${dir}/${out}`, formats, epoch: EPOCH };
  return await makePackages({ ...options, ...more });
}

Deno.test("two builds give the same bytes, and the architecture is as asked", async () => {
  await using dir = await tempDir();
  const one = await build(dir.path, "one");
  await new Promise((resolve) => setTimeout(resolve, 1100)); // times in packages are whole seconds
  const other = await build(dir.path, "other");
  assertEquals(one.length, 2);
  for (const [i, path] of one.entries()) {
    const [a, b] = [await Deno.readFile(path), await Deno.readFile(other[i]!)];
    assertEquals(a.length, b.length, path);
    assert(a.every((byte, at) => byte === b[at]), path);
  }
  const arm = await build(dir.path, "arm", { arch: "arm64", release: "2" });
  const names = arm.map((path) => path.slice(path.lastIndexOf("/") + 1));
  assertEquals(names, [
    `calico-conductor_${debianVersion(VERSION, "2")}_arm64.deb`,
    `calico-conductor-${VERSION}-2.aarch64.rpm`,
  ]);
});

Deno.test("the .deb: version, configuration files, who may read the secrets", {
  ignore: !await has("dpkg-deb"),
}, async () => {
  await using dir = await tempDir();
  const [deb] = await build(dir.path, "out");
  assertEquals((await said("dpkg-deb", "-f", deb!, "Version")).trim(), debianVersion());
  assertEquals(
    (await said("dpkg-deb", "-I", deb!, "conffiles")).trim(),
    "/etc/calico-conductor/calico-conductor.conf",
  );
  const list = await said("dpkg-deb", "-c", deb!);
  for (
    const line of [
      /^drwx------ root\/root .* \.\/etc\/calico-conductor\/credentials\/$/m,
      /^-rw-r--r-- .* \.\/usr\/lib\/systemd\/system\/calico-conductor\.service$/m,
      /^-rwxr-xr-x .* \.\/usr\/bin\/calico-conductor$/m,
      /man8\/calico-conductor\.8\.gz$/m,
      /bash-completion\/completions\/calico-conductor$/m,
      /vendor-completions\/_calico-conductor$/m,
      /vendor_completions\.d\/calico-conductor\.fish$/m,
      /policy\/neutron\/2026\.2\/calico_conductor\.yaml$/m,
      /grafana\/calico-conductor\.json$/m,
      /prometheus\/alerts\.yaml$/m,
      /sbom\.cdx\.json$/m,
      /third-party-notices\.gz$/m,
    ]
  ) assertMatch(list, line);
  assert(!/2026-1|20[3-9]\d-/.test(list), "every file has the time that was asked for");
});

Deno.test("lintian finds no error and no warning in it", {
  ignore: !await has("lintian") || !Deno.env.has("CONDUCTOR_BINARY"),
}, async () => {
  await using dir = await tempDir();
  Deno.env.set("PACKAGE_MAINTAINER", "Test <test@debian.org>");
  const binary = Deno.env.get("CONDUCTOR_BINARY")!;
  const [deb] = await makePackages({
    ...{ arch: "amd64", binary, out: dir.path, formats: ["deb"], epoch: EPOCH },
  });
  const found = (await said("lintian", deb!)).split("\n").filter((line) => /^[EW]:/.test(line));
  assertEquals(found, []);
});

Deno.test("the .rpm: version, a configuration file that is kept, no other machine's name", {
  ignore: !await has("rpm"),
}, async () => {
  await using dir = await tempDir();
  const [, rpm] = await build(dir.path, "out");
  assertEquals(
    await said("rpm", "-qp", "--qf", "%{VERSION} %{BUILDHOST}", rpm!),
    `${VERSION} localhost`,
  );
  const configuration = (await said("rpm", "-qpc", rpm!)).trim();
  assertEquals(configuration, "/etc/calico-conductor/calico-conductor.conf");
});
