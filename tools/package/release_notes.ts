/**
 * The notes of a release, the section of its version in CHANGELOG.md:
 *
 *     deno run --allow-read tools/package/release_notes.ts v0.1.0
 *
 * @module
 */
import { print } from "../../bench/print.ts";
import { VERSION } from "../../lib/base/version.ts";

/**
 * What stands below the heading of the version.
 *
 * @param tag `v` and the version
 *
 * @throws {Error} the tag is not of the sources' version, the changelog says nothing of it, or has changes that are in
 *   no version.
 */
export function releaseNotes(tag: string, changelog: string, version = VERSION): string {
  if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, deno.json says ${version}`);
  const sections = changelog.split(/^## /m);
  const unreleased = sections.find((text) => text.startsWith("[Unreleased]"));
  if (unreleased?.slice(unreleased.indexOf("\n")).trim()) {
    throw new Error(
      "CHANGELOG.md has changes under [Unreleased]: move them to the version's section",
    );
  }
  const section = sections.find((text) => text.startsWith(`[${version}]`));
  const notes = section?.slice(section.indexOf("\n")).trim() ?? "";
  if (notes === "") throw new Error(`CHANGELOG.md has nothing of ${version}`);
  return `${notes}\n`;
}

if (import.meta.main) {
  const changelog = await Deno.readTextFile(new URL("../../CHANGELOG.md", import.meta.url));
  print(releaseNotes(Deno.args[0] ?? "", changelog));
}
