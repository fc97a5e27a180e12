/**
 * Tables of docs/compatibility.md that say how a server behaves, version by version. A cell says what is usual, and then
 * the exceptions: `taken; **3.4.23, 3.5.16**: refused`.
 *
 * @module
 */

const PAGE = new URL("../../docs/compatibility.md", import.meta.url);

/** One table of the page. */
export interface BehavioursTable {
  /** The cells by the names of their rows. */
  readonly rows: ReadonlyMap<string, string>;
  /** The versions that the page says it was tried on. */
  readonly tried: readonly string[];
}

/** The table whose head begins so, after a sentence "tried on NAME and NAME". */
export async function behavioursTable(server: string): Promise<BehavioursTable> {
  const page = await Deno.readTextFile(PAGE);
  const table = page.slice(page.indexOf(`| ${server}:`));
  const lines = table.slice(0, table.indexOf("\n\n")).split("\n").slice(2);
  const sentence = page.slice(page.search(new RegExp(`tried on\\s+${server}`))).split(":")[0]!;
  return {
    rows: new Map(lines.map((line) => {
      const [, name, cell] = line.split("|").map((text) => text.trim());
      return [name!, cell!];
    })),
    tried: sentence.match(/\d+\.\d+\.\d+/g)!,
  };
}

/** What a cell says of a version; of one that was not tried, what it says of the newest of its minor. */
export function cellFor(cell: string, version: string, tried: readonly string[]): string {
  const minor = version.split(".").slice(0, 2).join(".") + ".";
  const likeness = tried.includes(version) ? version : tried.findLast((v) => v.startsWith(minor));
  const [usual, ...exceptions] = cell.split("; **");
  for (const exception of exceptions) {
    const [versions, text] = exception.split("**: ");
    if (versions!.split(", ").includes(likeness ?? "")) return text!;
  }
  return usual!;
}
