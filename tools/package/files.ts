/**
 * What the packages bring beside the binary: pure texts of the project, and what is made of its tables.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { guides } from "../../commands/commands.ts";
import { VERSION } from "../../lib/base/version.ts";
import { manPage } from "../../lib/config/man_page.ts";
import { bashCompletion } from "../../lib/config/shells/bash.ts";
import { fishCompletion } from "../../lib/config/shells/fish.ts";
import { zshCompletion } from "../../lib/config/shells/zsh.ts";
import { materials } from "../sbom/main.ts";
import { sampleConfig } from "./sample_config.ts";

/** Content by path inside the package, without the slash before it. */
export type PackageFiles = ReadonlyMap<string, string | Uint8Array>;

/** Where a file of the project goes. */
const COPIED: readonly (readonly [from: string, to: string])[] = [
  ["contrib/systemd/calico-conductor.service", "usr/lib/systemd/system/calico-conductor.service"],
  ["contrib/package/sysusers.conf", "usr/lib/sysusers.d/calico-conductor.conf"],
  ["contrib/package/copyright", "usr/share/doc/calico-conductor/copyright"],
  [
    "contrib/systemd/neutron-conf.conf",
    "usr/share/doc/calico-conductor/examples/neutron-conf.conf",
  ],
  ["contrib/package/lintian-overrides", "usr/share/lintian/overrides/calico-conductor"],
];
/** Folders that go as they are. */
const FOLDERS: readonly (readonly [from: string, to: string])[] = [
  ["contrib/policy", "usr/share/calico-conductor/policy"],
  ["contrib/grafana", "usr/share/calico-conductor/grafana"],
  ["contrib/prometheus", "usr/share/calico-conductor/prometheus"],
  ["docs", "usr/share/doc/calico-conductor/docs"],
];
/** Nothing else of these folders is for an operator's machine. */
const WANTED = /\.(ya?ml|json|md|py)$/;
const ROOT = new URL("../../", import.meta.url);

/**
 * All files.
 *
 * @param maintainer name and address, as Debian's control files have them
 * @param epoch time of the release, seconds since 1970
 * @param release which package of the version it is
 */
export async function packageFiles(
  maintainer: string,
  epoch: number,
  release = "1",
): Promise<PackageFiles> {
  const all = await guides();
  const doc = "usr/share/doc/calico-conductor";
  const { bill, notices } = await materials();
  const files = new Map<string, string | Uint8Array>([
    ["etc/calico-conductor/calico-conductor.conf", sampleConfig()],
    ["usr/share/man/man8/calico-conductor.8.gz", zipped(manPage(all, VERSION))],
    ["usr/share/bash-completion/completions/calico-conductor", bashCompletion(all)],
    ["usr/share/fish/vendor_completions.d/calico-conductor.fish", fishCompletion(all)],
    ["zsh/_calico-conductor", zshCompletion(all)],
    [`${doc}/changelog.gz`, zipped(await text("CHANGELOG.md"))],
    [`${doc}/changelog.Debian.gz`, zipped(debianChangelog(maintainer, epoch, release))],
    [`${doc}/sbom.cdx.json`, `${bill}\n`],
    [`${doc}/third-party-notices.gz`, zipped(notices)],
  ]);
  for (const [from, to] of COPIED) files.set(to, await text(from));
  for (const [from, to] of FOLDERS) {
    for (const path of await filesBelow(from)) {
      files.set(`${to}/${path}`, await text(`${from}/${path}`));
    }
  }
  return files;
}

/** The version as Debian orders it: a release follows what came before it, `1.0.0~rc.1`. */
export function debianVersion(version = VERSION, release = "1"): string {
  return `${version.replace("-", "~")}-${release}`;
}

function debianChangelog(maintainer: string, epoch: number, release: string): string {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `calico-conductor (${debianVersion(VERSION, release)}) unstable; urgency=medium\n\n` +
    `  * What has changed is in changelog.gz.\n\n -- ${maintainer}  ${date}\n`;
}

function zipped(content: string): Uint8Array {
  return gzipSync(content, { level: 9 }); // without a time in it
}

function text(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Paths of the wanted files in a folder and below it, sorted. */
async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    if (isDirectory) {
      found.push(...(await filesBelow(`${folder}/${name}`)).map((path) => `${name}/${path}`));
    } else if (WANTED.test(name)) found.push(name);
  }
  return found.sort();
}
