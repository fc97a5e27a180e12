/**
 * What `bootstrap.sh` fetches is used only when it is what is pinned. Registry and release are stood in for by
 * files; the pins of the copy under test are those of small ones.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const SCRIPT = new URL("../../bootstrap.sh", import.meta.url);
/** What the script may use of this machine; no Deno, no npm, no curl. */
const COMMANDS =
  "awk basename cat chmod dirname gzip mkdir mktemp mv rm sha256sum sha512sum sh shasum tar unzip uname";
const DENO = '#!/bin/sh\n[ "$1" = --version ] && echo "deno 2.9.6" || echo "ran $*"\n';
const OTHER = DENO.replace("ran", "ran something else:");

const sha = (bits: number, bytes: Uint8Array) =>
  createHash(`sha${bits}`).update(bytes).digest("hex");

/** An archive of one stored file. */
function zip(name: string, text: string): Uint8Array<ArrayBuffer> {
  const [file, title] = [text, name].map((each) => new TextEncoder().encode(each)) as [
    Uint8Array,
    Uint8Array,
  ];
  const u16 = (...values: number[]) => values.flatMap((v) => [v & 255, v >> 8 & 255]);
  const u32 = (...values: number[]) => values.flatMap((v) => u16(v & 0xffff, v >>> 16));
  const about = [...u16(20, 0, 0, 0, 33), ...u32(crc32(file), file.length, file.length)];
  const names = u16(title.length, 0);
  const local = [0x50, 0x4b, 3, 4, ...about, ...names, ...title, ...file];
  const entry = [0x50, 0x4b, 1, 2, ...u16(20), ...about, ...names, ...u16(0, 0, 0), ...u32(0, 0)];
  const list = [...entry, ...title];
  const end = [0x50, 0x4b, 5, 6, ...u16(0, 0, 1, 1), ...u32(list.length, local.length), 0, 0];
  return Uint8Array.from([...local, ...list, ...end]);
}

/** npm's package of one executable. */
async function tarball(dir: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  await Deno.mkdir(`${dir}/package`, { recursive: true });
  await Deno.writeTextFile(`${dir}/package/deno`, text);
  const made = await new Deno.Command("tar", { args: ["-czf", "made.tgz", "package"], cwd: dir })
    .output();
  assert(made.success);
  return await Deno.readFile(`${dir}/made.tgz`);
}

interface Sources {
  /** What npm gives; null: there is no npm. */
  readonly npm: Uint8Array<ArrayBuffer> | null;
  /** What the release gives; null: there is no curl. */
  readonly release: Uint8Array<ArrayBuffer> | null;
}

/** What is pinned: SHA-512 of the package, SHA-256 of the release's file and of the executable. */
interface Pins {
  readonly package: string;
  readonly release: string;
  readonly deno: string;
}

/** Runs a copy of the script with these pins, where only these sources are. */
async function bootstrap(sources: Sources, pins: Pins) {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/bin`);
  for (const name of COMMANDS.split(" ")) {
    for (const folder of ["/usr/bin", "/bin"]) {
      const found = await Deno.stat(`${folder}/${name}`).catch(() => null);
      if (!found) continue;
      await Deno.symlink(`${folder}/${name}`, `${dir.path}/bin/${name}`);
      break;
    }
  }
  const fake = async (name: string, gives: Uint8Array | null, script: string) => {
    if (!gives) return;
    await Deno.writeFile(`${dir.path}/${name}.bytes`, gives);
    await Deno.writeTextFile(`${dir.path}/bin/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };
  await fake("npm", sources.npm, `[ "$1" = pack ] && cat ${dir.path}/npm.bytes >given.tgz`);
  await fake(
    "curl",
    sources.release,
    `while [ "$1" != -o ]; do shift; done; cat ${dir.path}/curl.bytes >"$2"`,
  );
  const script = (await Deno.readTextFile(SCRIPT))
    .replaceAll(/package_sha512=.*/g, `package_sha512=${pins.package}`)
    .replaceAll(/release_sha256=.*/g, `release_sha256=${pins.release}`)
    .replaceAll(/deno_sha256=.*/g, `deno_sha256=${pins.deno}`);
  await Deno.writeTextFile(`${dir.path}/bootstrap.sh`, script);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [`${dir.path}/bootstrap.sh`, "status"],
    clearEnv: true,
    env: { PATH: `${dir.path}/bin`, HOME: dir.path },
  }).output();
  const left = [];
  for await (const { name } of Deno.readDir(`${dir.path}/.tools/deno-2.9.6`)) left.push(name);
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, said: said!, complained: complained!, left };
}

async function given() {
  await using dir = await tempDir();
  const npm = await tarball(dir.path, DENO);
  const release = zip("deno", DENO);
  const pins = {
    package: sha(512, npm),
    release: sha(256, release),
    deno: sha(256, new TextEncoder().encode(DENO)),
  };
  return { npm, release, pins, otherNpm: await tarball(dir.path, OTHER) };
}

Deno.test(
  "Deno is installed from npm, or from its release",
  async () => {
    const { npm, release, pins } = await given();
    for (const sources of [{ npm, release: null }, { npm: null, release }, { npm, release }]) {
      const { code, said, complained, left } = await bootstrap(sources, pins);
      assertEquals([code, said], [0, "ran task status\n"], complained);
      assertEquals(left, ["deno"]);
    }
  },
);

Deno.test(
  "a package that is not the pinned one is not used",
  async () => {
    const { release, pins, otherNpm } = await given();
    const alone = await bootstrap({ npm: otherNpm, release: null }, pins);
    assertEquals([alone.code, alone.said, alone.left], [1, "", []]);
    assertMatch(
      alone.complained,
      /\.tgz is not the one that is pinned, and is not used: its SHA-512 is/,
    );
    const both = await bootstrap({ npm: otherNpm, release }, pins);
    assertEquals([both.code, both.said], [0, "ran task status\n"], both.complained);
  },
);

Deno.test("nor is another release, or another executable", async () => {
  const { npm, release, pins } = await given();
  const other = await bootstrap({ npm: null, release: zip("deno", OTHER) }, pins);
  assertEquals([other.code, other.said, other.left], [1, "", []]);
  assertMatch(other.complained, /deno\.zip is not the one that is pinned/);
  const inside = await bootstrap({ npm, release }, { ...pins, deno: sha(256, npm) });
  assertEquals([inside.code, inside.said, inside.left], [1, "", []]);
  assertMatch(inside.complained, /deno is not the one that is pinned[^]*deno is not the one/);
});

Deno.test("each platform has pins of its own", async () => {
  const script = await Deno.readTextFile(SCRIPT);
  for (
    const [name, digits] of [["package_sha512", 128], ["release_sha256", 64], ["deno_sha256", 64]]
  ) {
    const found = [...script.matchAll(new RegExp(`^ +${name}=([0-9a-f]{${digits}})$`, "gm"))];
    assertEquals(new Set(found.map(([, pin]) => pin)).size, 4, String(name));
  }
  // What is fetched is never piped into a shell.
  assert(!/\|\s*(\w+=\S+ )*(ba)?sh\b/.test(script));
});
