/**
 * docs/compatibility.md says how Neutron behaves, release by release: every row is asked of the bed's, whichever
 * that is.
 *
 * @module
 */
import { releaseOf } from "../../lib/doctor/release.ts";
import { Extensions } from "../../lib/openstack/extensions.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { Wire } from "./support/wire.ts";
import { ROWS } from "./wire_rows.ts";

const PAGE = new URL("../../docs/compatibility.md", import.meta.url);
/** Connections of the clients of REST outlive the test. */
const LOOSE = { sanitizeOps: false, sanitizeResources: false };

/** What the page says of a release; an exception looks so: `all of them; **zed**: none of them`. */
function said(cell: string, release: string): string {
  const [usual, ...exceptions] = cell.split("; **");
  for (const exception of exceptions) {
    const [releases, text] = exception.split("**: ");
    if (releases!.split(", ").includes(release)) return text!;
  }
  return usual!;
}

/** The page's rows. */
function rows(page: string): Map<string, string> {
  const table = page.slice(page.indexOf("| Neutron: what is asked of it"));
  const lines = table.slice(0, table.indexOf("\n\n")).split("\n").slice(2);
  return new Map(lines.map((line) => {
    const [, name, cell] = line.split("|").map((text) => text.trim());
    return [name!, cell!];
  }));
}

/** `zed`, `2025.1` and so on, as the bed was made. */
async function releaseOfBed(bed: Bed): Promise<string> {
  const at = JSON.parse(await Deno.readTextFile(`${bed.at.dir}/bed.json`));
  return at.release ?? "zed";
}

Deno.test("Neutron behaves as docs/compatibility.md says of its release", LOOSE, async () => {
  const bed = await Bed.open();
  const release = await releaseOfBed(bed);
  const table = rows(await Deno.readTextFile(PAGE));
  await using wire = await Wire.open(bed);
  for (const name of ["a", "b"]) await wire.scenery.port("", { name });
  const found: string[][] = [];
  for (const { name, ask } of ROWS) {
    const answer = await ask(wire).catch((error) => `failed: ${error.message}`);
    found.push([name, answer]);
  }
  assertEquals(found, ROWS.map(({ name }) => [name, said(table.get(name) ?? "", release)]));
  assertEquals([...table.keys()], ROWS.map(({ name }) => name));
});

Deno.test("the extensions tell the release that the bed was made of", LOOSE, async () => {
  const bed = await Bed.open();
  const found = Extensions.parse(await bed.neutron.get("extensions"));
  const expected: Record<string, string> = {
    zed: "between Yoga and 2023.1",
    "2025.1": "between 2025.1 and 2025.2",
    "2026.1": "2026.1",
    "2026.2": "2026.2 or later",
  };
  assert(found);
  assertEquals(releaseOf(found), expected[await releaseOfBed(bed)]);
});
