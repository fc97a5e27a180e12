/**
 * What is measured of each source file, as `deno lint` with the plugin of this folder reports it.
 *
 * @module
 */
import type { Fact } from "./lint_plugin.ts";

/** A literal of data shorter than this many lines is part of the code around it, no table. */
const SHORTEST_TABLE = 10;

/** Lines of a file, both included, counted from 1. */
export interface Lines {
  readonly from: number;
  readonly to: number;
}

/** One function, from its first to its last line. */
export interface FunctionFact extends Lines {
  /** Its name, or "" for one without. */
  readonly name: string;
  /** Its lines, without those of the tables in it. */
  readonly length: number;
}

/** One source file. */
export interface SourceFile {
  /** Path below the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Lines in all. */
  readonly lines: number;
  /** Lines without those of tables. */
  readonly length: number;
  /** Paths of the repository's own files that it imports, types too. */
  readonly imports: readonly string[];
  readonly functions: readonly FunctionFact[];
}

interface Report {
  readonly diagnostics: {
    readonly filename: string;
    readonly message: string;
    readonly code: string;
    readonly range: { readonly start: { readonly line: number }; readonly end: { line: number } };
  }[];
}

/**
 * Every TypeScript and JavaScript file below `places`, folders or files of the repository at `root`; those that
 * are not there are left out.
 *
 * @throws {Error} when `deno lint` gives no report.
 */
export async function sourceFiles(root: string, places: readonly string[]): Promise<SourceFile[]> {
  const there = places.filter((place) => exists(`${root}/${place}`));
  const report = await lint(root, there);
  const facts = new Map<string, { fact: Fact; lines: Lines }[]>();
  for (const { filename, message, code, range } of report.diagnostics) {
    if (code !== "house/facts") throw new Error(`${filename}: ${message}`);
    const path = pathBelow(root, filename);
    const lines = { from: range.start.line, to: range.end.line };
    facts.set(path, [...facts.get(path) ?? [], { fact: JSON.parse(message), lines }]);
  }
  const paths = there.flatMap((place) => scripts(root, place)).sort();
  return paths.map((path) => {
    const text = Deno.readTextFileSync(`${root}/${path}`);
    return sourceFile(path, text, facts.get(path) ?? []);
  });
}

/** One file from what was found in it. */
export function sourceFile(
  path: string,
  text: string,
  found: readonly { readonly fact: Fact; readonly lines: Lines }[],
): SourceFile {
  const inTables = new Set<number>();
  for (const { fact, lines } of found) {
    if (fact.kind !== "table" || lines.to - lines.from + 1 < SHORTEST_TABLE) continue;
    for (let line = lines.from; line <= lines.to; line++) inTables.add(line);
  }
  const lengthOf = ({ from, to }: Lines) => {
    let length = 0;
    for (let line = from; line <= to; line++) if (!inTables.has(line)) length++;
    return length;
  };
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return {
    path,
    text,
    lines,
    length: lengthOf({ from: 1, to: lines }),
    imports: [
      ...new Set(
        found.flatMap(({ fact }) =>
          fact.kind === "import" && /^\.\.?\//.test(fact.from) ? [resolve(path, fact.from)] : []
        ),
      ),
    ],
    functions: found.flatMap(({ fact, lines }) =>
      fact.kind === "function" ? [{ name: fact.name, ...lines, length: lengthOf(lines) }] : []
    ),
  };
}

async function lint(root: string, places: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["lint", "--json", "--config", new URL("lint.json", import.meta.url).pathname, ...places],
    cwd: root,
  }).output();
  try {
    return JSON.parse(new TextDecoder().decode(stdout));
  } catch (cause) {
    throw new Error(`deno lint gave no report: ${new TextDecoder().decode(stderr)}`, { cause });
  }
}

function scripts(root: string, place: string): string[] {
  if (!Deno.statSync(`${root}/${place}`).isDirectory) return [place];
  return [...Deno.readDirSync(`${root}/${place}`)].flatMap((entry) => {
    const path = `${place}/${entry.name}`;
    if (entry.isDirectory) return scripts(root, path);
    return /\.(tsx?|js)$/.test(entry.name) ? [path] : [];
  });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function pathBelow(root: string, file: string): string {
  const path = file.startsWith("file:") ? decodeURIComponent(new URL(file).pathname) : file;
  return path.slice(root.replace(/\/$/, "").length + 1);
}

function resolve(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}
