/**
 * `deno task bench:etcd`: the benchmarks that etcd matters for, on each version of it that can be had
 * (`tests/etcd/versions.sh`), one version after the other in each run, so that the machine's moods meet all of them;
 * then their figures side by side.
 *
 * Options: `--only NAME` and `--etcd VERSION` (repeatable), `--runs N` (3), `--quick`.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { identity, merged } from "./compare.ts";
import { BENCHES, readFigures, RESULTS, runBench } from "./main.ts";
import { print } from "./print.ts";
import { digits, type Figure, table } from "./report.ts";

const NAMES = ["resync", "paging", "failover"];

interface Etcd {
  readonly version: string;
  readonly folder: string;
  readonly runs: Figure[][];
}

/** Every version that can be had; what cannot is said. */
async function versions(wanted: readonly string[]): Promise<Etcd[]> {
  const script = new URL("../tests/etcd/versions.sh", import.meta.url).pathname;
  const { stdout } = await new Deno.Command("sh", { args: [script], stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.split(" ") as [string, string])
    .filter(([version]) =>
      wanted.length === 0 || wanted.some((part) => `${version}.`.startsWith(`${part}.`))
    )
    .map(([version, path]) => ({ version, folder: path.replace(/\/etcd$/, ""), runs: [] }));
}

/** A row for each figure: its value on every version, and how often that of the first it is. */
export function sideBySide(etcds: readonly Pick<Etcd, "version" | "runs">[]): string[][] {
  const all = etcds.map(({ runs }) =>
    new Map(merged(runs).map((figure) => [identity(figure), figure]))
  );
  const rows = [...all[0]!.values()].map((first) => {
    const cells = all.flatMap((figures, at) => {
      const { value, ratio } = figures.get(identity(first)) ?? {};
      if (value === undefined) return at === 0 ? ["-", "-"] : ["-", "-", "-"];
      const floor = ratio === null || ratio === undefined ? "" : `× ${digits(ratio)}`;
      const shown = [`${digits(value)} ${first.unit}`, floor];
      return at === 0 ? shown : [...shown, (value / first.value).toFixed(2)];
    });
    return [`${first.bench}: ${first.name}`, ...cells];
  });
  const headings = etcds.flatMap(({ version }, at) => {
    const columns = [version, "floor"];
    return at === 0 ? columns : [...columns, `÷ ${etcds[0]!.version}`];
  });
  return [["figure", ...headings], ...rows];
}

async function main(): Promise<number> {
  const { only, etcd: wanted, runs, quick } = parseArgs(Deno.args, {
    boolean: ["quick"],
    string: ["only", "etcd", "runs"],
    collect: ["only", "etcd"],
    default: { runs: "3" },
  }) as unknown as { only: string[]; etcd: string[]; runs: string; quick: boolean };
  const etcds = await versions(wanted);
  if (etcds.length === 0) {
    print("no etcd of these versions can be had");
    return 1;
  }
  const names = only.length > 0 ? only : NAMES;
  await Deno.mkdir(RESULTS, { recursive: true });
  let failed = false;
  for (let run = 0; run < Number(runs); run++) {
    for (const { version, folder, runs } of etcds) {
      const file = `${RESULTS}etcd-${version}-${run}.jsonl`;
      await Deno.writeTextFile(file, "");
      print(`etcd ${version}`);
      for (const [name, minutes] of BENCHES) {
        if (!names.includes(name)) continue;
        const env = {
          PATH: `${folder}:${Deno.env.get("PATH")}`,
          BENCH_PORTS: Deno.env.get("BENCH_PORTS") ?? (quick ? "1000" : "10000"),
        };
        if (!await runBench(name, minutes, { file, quick, env })) failed = true;
      }
      runs.push(readFigures(file));
    }
  }
  for (const line of table(sideBySide(etcds))) print(line);
  return failed ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
