/**
 * `deno task bench`: runs the benchmarks one after the other, each in a process of its own with a
 * deadline, and keeps their figures in `bench/results/`. `bench/README.md` says how to read them.
 *
 * Options: `--only NAME` (repeatable), `--quick` (small sizes, short runs: a try, no figures), `--runs N`
 * (everything so often, which tells the noise), `--compare FILE` (what became worse; exit code 1 then),
 * `--results FILE` (an earlier run instead of a new one), `--save` (`bench/latest.json`, the table in
 * `bench/README.md` and the picture in `docs/`).
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { compare, type Comparison, merged } from "./compare.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { print } from "./print.ts";
import { columns, digits, type Figure, table } from "./report.ts";
import { saveLatest } from "./save.ts";

/** The benchmarks in the order in which they run, with their deadlines, minutes. */
export const BENCHES = [
  ["floor", 3],
  ["paging", 3],
  ["node", 5],
  ["restart", 5],
  ["failover", 25],
  ["idle", 8],
  ["events", 2],
  ["diagnostics", 5],
  ["resync", 25],
  ["status", 23],
  ["takeover", 30],
  ["neutron_load", 60],
] as const;
/** Those that run only when they are named. */
const ON_DEMAND = [["million", 120]] as const;
/** Where every run is kept. */
export const RESULTS = new URL("results/", import.meta.url).pathname;

/** A results file: about the machine first, then the figures. */
export interface Results {
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

/** Runs one in a process of its own. @returns whether it ended well and in time. */
export async function runBench(
  name: string,
  minutes: number,
  { file, quick, env = {} }: { file: string; quick: boolean; env?: Record<string, string> },
): Promise<boolean> {
  print(`${name} …`);
  const deadline = AbortSignal.timeout(minutes * 60_000);
  const { code, signal } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", new URL(`${name}.ts`, import.meta.url).pathname],
    env: { BENCH_RESULTS: file, ...(quick ? { BENCH_QUICK: "1" } : {}), ...env },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    signal: deadline,
  }).output();
  print("");
  if (code === 0) return true;
  print(
    deadline.aborted ? `${name}: not done within ${minutes} min` : `${name}: ${signal ?? code}`,
  );
  return false;
}

/** The figures of a results file. */
export function readFigures(file: string): Figure[] {
  const text = Deno.readTextFileSync(file);
  if (text.startsWith('{"machine"')) return JSON.parse(text).figures;
  return text.trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Prints what changed; whether anything became worse. */
function printComparison(before: readonly Figure[], after: readonly Figure[]): boolean {
  const { comparisons, missing, added } = compare(before, after);
  const row = ({ figure, unit, before, after, times, threshold, verdict }: Comparison) => [
    verdict,
    figure,
    `${digits(before)} ${unit}`,
    `${digits(after)} ${unit}`,
    `${((times - 1) * 100).toFixed(0)} %`,
    `± ${(threshold * 100).toFixed(0)} %`,
  ];
  const order = ["worse", "better", "same", "not compared"];
  const sorted = comparisons.toSorted((a, b) =>
    order.indexOf(a.verdict) - order.indexOf(b.verdict)
  );
  const headings = ["", "figure", "before", "after", "change", "noise"];
  for (const line of table([headings, ...sorted.map(row)])) print(line);
  for (const name of missing) print(`missing: ${name}`);
  for (const name of added) print(`new: ${name}`);
  const worse = comparisons.filter(({ verdict }) => verdict === "worse").length;
  print(worse === 0 ? "nothing became worse" : `${worse} became worse`);
  return worse > 0;
}

interface Arguments {
  readonly quick?: boolean;
  readonly save?: boolean;
  readonly only: readonly string[];
  readonly compare?: string;
  readonly results?: string;
  readonly runs: string;
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    boolean: ["quick", "save"],
    string: ["only", "compare", "results", "runs"],
    collect: ["only"],
    default: { runs: "1" },
    unknown: (name) => {
      throw new Error(`unknown argument ${name}: see bench/README.md`);
    },
  }) as unknown as Arguments;
  const known: string[] = [...BENCHES, ...ON_DEMAND].map(([name]) => name);
  const unknown = args.only.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const names = known.join(", ");
    throw new Error(`there is no benchmark ${unknown.join(", ")}; there are ${names}`);
  }
  let failed = false;
  let figures: Figure[];
  if (args.results) figures = merged([readFigures(args.results)]);
  else {
    await Deno.mkdir(RESULTS, { recursive: true });
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "");
    const runs: Figure[][] = [];
    for (let run = 0; run < Number(args.runs); run++) {
      const file = `${RESULTS}${stamp}-${run}.jsonl`;
      await Deno.writeTextFile(file, "");
      const chosen = [...BENCHES, ...ON_DEMAND].filter(([name]) => args.only.includes(name));
      for (const [name, minutes] of args.only.length > 0 ? chosen : BENCHES) {
        if (!await runBench(name, minutes, { file, quick: args.quick ?? false })) failed = true;
      }
      runs.push(readFigures(file));
      print(`figures: ${file}`);
    }
    figures = merged(runs);
  }
  if (Number(args.runs) > 1) { for (const line of table(figures.map(columns))) print(line); }
  if (args.save) await saveLatest({ machine: await describeMachine(), figures });
  const worse = args.compare ? printComparison(readFigures(args.compare), figures) : false;
  return failed || worse ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    print((error as Error).message);
    Deno.exit(2);
  }
}
