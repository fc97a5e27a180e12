/**
 * The packages of the compiled binary, into `dist/`:
 *
 *     deno task package [--arch amd64|arm64] [--binary FILE] [--out DIR] [--format deb,rpm] [--release 1]
 *
 * Without `--binary` (or `CONDUCTOR_BINARY`), `compile.sh` makes one. `SOURCE_DATE_EPOCH`, or else the time of the
 * commit, is the time of all files, so that two builds of one commit differ in the binary alone, if at all.
 * `PACKAGE_MAINTAINER` is `Name <address>` of who answers for them.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { print } from "../../bench/print.ts";
import { VERSION } from "../../lib/base/version.ts";
import { packageFiles } from "./files.ts";
import { maintainerOf } from "./maintainer.ts";
import { findNfpm } from "./nfpm.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Debian's names of the architectures, and what `deno compile` calls them. */
const TARGETS: Readonly<Record<string, string>> = {
  amd64: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
};
const FORMATS = ["deb", "rpm"];

/** What is to be packed. */
export interface PackageOptions {
  /** `amd64` or `arm64`. */
  readonly arch: string;
  /** The compiled program for it. */
  readonly binary: string;
  /** Directory of the packages. */
  readonly out: string;
  readonly formats: readonly string[];
  /** Time of all files, seconds since 1970. */
  readonly epoch: number;
  /** Which package of the version it is. @default "1" */
  readonly release?: string;
}

/**
 * Makes the packages, and returns their paths.
 *
 * @throws {ToolMissingError} nfpm cannot be had here.
 * @throws {Error} nfpm failed, with what it said.
 */
export async function makePackages(options: PackageOptions): Promise<string[]> {
  const { arch, out, formats, epoch } = options;
  const nfpm = await findNfpm();
  const maintainer = maintainerOf(Deno.env.toObject());
  const root = await Deno.makeTempDir({ prefix: "calico-conductor-package-" });
  try {
    await stage(root, options, maintainer);
    await Deno.mkdir(out, { recursive: true });
    const target = await Deno.realPath(out);
    const env = {
      PACKAGE_ARCH: arch,
      PACKAGE_VERSION: VERSION,
      PACKAGE_RELEASE: options.release ?? "1",
      PACKAGE_MAINTAINER: maintainer,
      SOURCE_DATE_EPOCH: String(epoch),
    };
    const made: string[] = [];
    for (const format of formats) {
      const config = `${ROOT}contrib/package/nfpm.yaml`;
      const args = ["package", "--config", config, "--packager", format, "--target", `${target}/`];
      const said = await output(nfpm, args, { env, cwd: root });
      made.push(/created package: (.+)/.exec(said)![1]!);
    }
    return made;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** The folder that nfpm takes the files from. */
async function stage(root: string, options: PackageOptions, maintainer: string): Promise<void> {
  const write = async (path: string, content: string | Uint8Array, mode: number) => {
    const file = `${root}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(file, bytes);
    await Deno.chmod(file, mode);
  };
  for (const [path, content] of await packageFiles(maintainer, options.epoch, options.release)) {
    await write(path, content, 0o644);
  }
  for (const script of ["postinst", "prerm", "postrm"]) {
    await write(
      `scripts/${script}`,
      await Deno.readFile(`${ROOT}contrib/package/${script}`),
      0o755,
    );
  }
  await write("usr/bin/calico-conductor", await Deno.readFile(options.binary), 0o755);
}

/** What a program says. @throws {Error} it failed. */
async function output(
  program: string,
  args: string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, ...options })
    .output();
  const said = new TextDecoder().decode(stdout);
  if (success) return said;
  throw new Error(`${program} ${args[0]}: ${said}${new TextDecoder().decode(stderr)}`);
}

async function commitTime(): Promise<number> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  const text = given ?? await output("git", ["-C", ROOT, "log", "-1", "--format=%ct"]);
  return Number(text);
}

async function compiled(arch: string): Promise<string> {
  const target = TARGETS[arch]!;
  await output("sh", [`${ROOT}compile.sh`, "--target", target]);
  return `${ROOT}dist/calico-conductor-${target}`;
}

if (import.meta.main) {
  const given = parseArgs(Deno.args, {
    string: ["arch", "binary", "out", "format", "release"],
    unknown(word) {
      throw new Error(
        `unknown argument ${word}; allowed: --arch, --binary, --out, --format, --release`,
      );
    },
  });
  const text = (name: string) => typeof given[name] === "string" ? given[name] : null;
  const arch = text("arch") ?? (Deno.build.arch === "aarch64" ? "arm64" : "amd64");
  const out = text("out") ?? `${ROOT}dist`;
  const formats = text("format")?.split(",") ?? FORMATS;
  const release = text("release") ?? "1";
  if (!Object.hasOwn(TARGETS, arch)) throw new Error("--arch is amd64 or arm64");
  if (!formats.every((format) => FORMATS.includes(format))) throw new Error("--format is deb,rpm");
  const binary = text("binary") ?? Deno.env.get("CONDUCTOR_BINARY") ?? await compiled(arch);
  if (!/^\d{1,4}$/.test(release)) throw new Error("--release is a number");
  const epoch = await commitTime();
  const made = await makePackages({ arch, binary, out, formats, epoch, release });
  print(made.join("\n"));
}
