/** The measures and their limits. Pure. @module */
import { CHANGES, touched } from "./changes.ts";
import { cycles, type Graph, grouped, wayAround } from "./cycles.ts";
import type { SourceFile } from "./source_facts.ts";

/** The most lines of a file, and of a function, without those of tables. */
const FILE_LINES = 300;
const FUNCTION_LINES = 60;

/** Folders of lib/: each imports those before it alone. docs/architecture.md says what each is for. */
export const ROOMS: readonly string[] = [
  "lib/base",
  "lib/metrics",
  "lib/packed",
  "lib/openstack",
  "lib/calico",
  "lib/config",
  "lib/bus",
  "lib/process",
  "lib/state",
  "lib/role",
  "lib/etcd",
  "lib/election",
  "lib/node",
  "lib/status",
  "lib/sync/model",
  "lib/sync/index",
  "lib/sync/apply",
  "lib/sync/report",
  "lib/sync/sources",
  "lib/sync/rounds",
  "lib/sync",
  "lib/health",
  "lib/trace",
  "lib/diagnostics",
  "lib/doctor",
];

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
    counted("cycles of folders in lib/", folderCycles(graph)),
    counted("imports against the order of folders in lib/", againstTheOrder(inLib)),
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

/** Cycles of the rooms of lib/, and of the rooms within one of them. */
function folderCycles(graph: Graph): string[] {
  return [roomOf, roomWithin].flatMap((room) => cycles(grouped(graph, room)))
    .map((group) => group.join(" "));
}

/** Imports of a room by one that stands before it in {@linkcode ROOMS}. */
function againstTheOrder(inLib: readonly SourceFile[]): string[] {
  const levelOf = (path: string) => {
    const within = ROOMS.indexOf(roomWithin(path) ?? "");
    return within >= 0 ? within : ROOMS.indexOf(roomOf(path) ?? "");
  };
  return inLib.flatMap(({ path, imports }) => {
    const level = levelOf(path);
    if (level < 0) return [`${path} is in no room of the list`];
    return imports.filter((other) => levelOf(other) > level).map((other) => `${path} > ${other}`);
  });
}

/** The folder directly below `lib/` that a file is in, however deep. */
function roomOf(path: string): string | undefined {
  return /^lib\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** The folder within such a folder; undefined for a file that lies in none. */
function roomWithin(path: string): string | undefined {
  return /^lib\/[^/]+\/[^/]+(?=\/)/.exec(path)?.[0];
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
