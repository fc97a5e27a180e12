/** The measures and their limits. Pure. @module */
import { CHANGES, touched } from "./changes.ts";
import { cycles, type Graph, grouped, wayAround } from "./cycles.ts";
import type { SourceFile } from "./source_facts.ts";

/** The most lines of a file, and of a function, without those of tables. */
const FILE_LINES = 300;
const FUNCTION_LINES = 60;

/** Primitives that have one home, `lib/base/`; found elsewhere they are copies. */
const PRIMITIVES = [
  { what: "Promise.race outside lib/base", pattern: /\bPromise\.race\(/g },
  { what: "Math.random (jitter) outside lib/base", pattern: /\bMath\.random\b/g },
  { what: "JSON.parse outside lib/base", pattern: /\bJSON\.parse\(/g },
];

/** One measure. */
export interface Measure {
  readonly what: string;
  readonly value: number;
  /** The most that is allowed; undefined for a figure that is only told. */
  readonly limit?: number;
  /** Where it was found. */
  readonly names: readonly string[];
}

/** All measures of the product's files. */
export function measure(files: readonly SourceFile[]): Measure[] {
  const graph: Graph = new Map(files.map((file) => [file.path, new Set(file.imports)]));
  const inLib = files.filter(({ path }) => path.startsWith("lib/"));
  return [
    { what: "product files", value: files.length, names: [] },
    { what: "product lines", value: sum(files.map(({ lines }) => lines)), names: [] },
    counted(
      "files loose in lib/",
      inLib.map(({ path }) => path).filter((path) => path.split("/").length === 2),
    ),
    counted("imports of commands/, roles/, lab/ or main.ts by lib/", upward(inLib)),
    folderCycles(graph),
    counted("cycles of files", cycles(graph).map((group) => wayAround(graph, group).join(" > "))),
    longest("files", FILE_LINES, files.map(({ path, length }) => ({ name: path, length }))),
    longest(
      "functions",
      FUNCTION_LINES,
      files.flatMap(({ path, functions }) =>
        functions.map(({ name, from, length }) => ({ name: `${path}:${from} ${name}`, length }))
      ),
    ),
    ...PRIMITIVES.map(({ what, pattern }) => copies(what, pattern, files)),
    ...CHANGES.map((change): Measure => {
      const names = touched(change, files);
      const what = `${change.unit ?? "files"} per change: ${change.what} (as ${change.example})`;
      return names.length === 0
        ? { what: `${what}: not found, the example is gone`, value: 1, limit: 0, names }
        : { what, value: names.length, limit: change.limit, names };
    }),
  ];
}

/** A measure of what should not be there at all. */
function counted(what: string, names: readonly string[]): Measure {
  return { what, value: names.length, limit: 0, names };
}

function upward(inLib: readonly SourceFile[]): string[] {
  return inLib.flatMap(({ path, imports }) =>
    imports.filter((other) => /^(commands|roles|lab)\/|^main\.ts$/.test(other))
      .map((other) => `${path} > ${other}`)
  );
}

/** Cycles of the rooms of lib/, and of the rooms within one of them; with the imports that are fewest. */
function folderCycles(graph: Graph): Measure {
  const names = [roomOf, roomWithin].flatMap((room) => {
    const rooms = grouped(graph, room);
    return cycles(rooms).flatMap((group) => [
      `${group.length} in one cycle: ${group.join(" ")}`,
      ...fewest(graph, group, room),
    ]);
  });
  const value = names.filter((name) => !name.startsWith("  ")).length;
  return { what: "cycles of folders in lib/", value, limit: 0, names };
}

/** `lib/x` of a file in or below it. */
function roomOf(path: string): string | undefined {
  return /^lib\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** `lib/x/y` of a file in it; undefined for the files of `lib/x` itself. */
function roomWithin(path: string): string | undefined {
  return /^lib\/[^/]+\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** The imports between two rooms of a cycle that are fewer than those the other way. */
function fewest(
  graph: Graph,
  group: readonly string[],
  room: (path: string) => string | undefined,
): string[] {
  const between = (from: string, to: string) =>
    [...graph].flatMap(([path, reached]) =>
      room(path) !== from
        ? []
        : [...reached].filter((other) => room(other) === to).map((other) => `${path} > ${other}`)
    );
  return group.flatMap((a) =>
    group.flatMap((b) => {
      const there = between(a, b);
      const back = between(b, a);
      return there.length > 0 && there.length < back.length ? there.map((line) => `  ${line}`) : [];
    })
  );
}

/** What is longer than the limit, or else the one that is the longest. */
function longest(
  what: string,
  limit: number,
  measured: readonly { readonly name: string; readonly length: number }[],
): Measure {
  const sorted = [...measured].sort((a, b) => b.length - a.length);
  const tooLong = sorted.filter(({ length }) => length > limit);
  const shown = tooLong.length > 0 ? tooLong : sorted.slice(0, 1);
  return {
    what: `${what} of more than ${limit} lines`,
    value: tooLong.length,
    limit: 0,
    names: shown.map(({ name, length }) => `${length}  ${name.trimEnd()}`),
  };
}

function copies(what: string, pattern: RegExp, files: readonly SourceFile[]): Measure {
  const found = files.filter(({ path }) => !path.startsWith("lib/base/"))
    .map(({ path, text }) => ({ path, times: [...text.matchAll(pattern)].length }))
    .filter(({ times }) => times > 0);
  return {
    what,
    value: sum(found.map(({ times }) => times)),
    names: found.map(({ path, times }) => `${times}  ${path}`),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
