/** One version, in deno.json: binary, packages, changelog and tag follow it. @module */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { VERSION } from "../../lib/base/version.ts";
import { debianVersion } from "../../tools/package/files.ts";
import { maintainerOf } from "../../tools/package/maintainer.ts";
import { releaseNotes } from "../../tools/package/release_notes.ts";

const CHANGELOG = await Deno.readTextFile(new URL("../../CHANGELOG.md", import.meta.url));

function message(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it was taken");
}

Deno.test("the version is a semantic one, and the changelog says what is in it", () => {
  assertMatch(VERSION, /^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/);
  const versions = [...CHANGELOG.matchAll(/^## \[(.+?)\]/gm)].map(([, version]) => version);
  assertEquals(versions.slice(0, 2), ["Unreleased", VERSION]);
  assertEquals(new Set(versions).size, versions.length);
});

Deno.test("the changelog has the kinds of change that Keep a Changelog has, and no other", () => {
  for (const [, kind] of CHANGELOG.matchAll(/^### (.+)$/gm)) {
    assert(/^(Added|Changed|Deprecated|Removed|Fixed|Security)$/.test(kind!), kind);
  }
});

Deno.test("a release's notes are its own section, and a tag of another version is refused", () => {
  const notes = releaseNotes(`v${VERSION}`, CHANGELOG);
  assert(!/^## /m.test(notes) && notes.includes("###"), notes);
  assertMatch(message(() => releaseNotes("v9.9.9", CHANGELOG)), /^the tag is v9\.9\.9, deno\.json/);
  assertMatch(message(() => releaseNotes("v1.0.0", CHANGELOG, "1.0.0")), /nothing of 1\.0\.0/);
  const left = `## [Unreleased]\n\n- something\n\n## [${VERSION}]\n\n- all else\n`;
  assertMatch(message(() => releaseNotes(`v${VERSION}`, left)), /under \[Unreleased\]/);
  assertEquals(
    releaseNotes(`v${VERSION}`, left.replace("- something\n\n", "")),
    "- all else\n",
    "an empty section is none",
  );
});

Deno.test("what comes before a release is older than it, for Debian as well", () => {
  assertEquals(debianVersion("1.0.0-rc.1"), "1.0.0~rc.1-1");
  assertEquals(debianVersion("1.0.0"), "1.0.0-1");
});

Deno.test("the maintainer is who is named, else whom Debian's tools take, else nobody; one without an address is refused", () => {
  const debian = { DEBFULLNAME: "A B", DEBEMAIL: "a@b.org" };
  const named = { ...debian, PACKAGE_MAINTAINER: "C <c@d.org>" };
  assertEquals([maintainerOf(named), maintainerOf(debian)], ["C <c@d.org>", "A B <a@b.org>"]);
  assertMatch(maintainerOf({ PACKAGE_MAINTAINER: "", DEBFULLNAME: "A B" }), /\.invalid>$/);
  assertMatch(
    message(() => maintainerOf({ PACKAGE_MAINTAINER: "C" })),
    /"Name <address>", not "C"/,
  );
});
