/** Runs SPIN on an instance of the model: spin makes a verifier in C, gcc compiles it, it searches. @module */
import { assert } from "../support/assert.ts";

/** What is to be searched. */
export interface Instance {
  readonly name: string;
  /** As `spin -D` takes them: `NODES=3`. */
  readonly defines: readonly string[];
  /** Longest path, steps. An exhaustive search must not reach it. */
  readonly depth: number;
  /** How gcc is to optimise: the search is short, or long. @default "-O0" */
  readonly optimise?: "-O2";
  /** Not exhaustive: states are kept as bits of a hash, and paths are cut at `depth`. */
  readonly bounded?: boolean;
}

/** What a search found. */
export interface Outcome {
  readonly errors: number;
  /** The assertion that was violated, or null. */
  readonly violated: string | null;
  readonly states: number;
  readonly transitions: number;
  readonly memoryMb: number;
  readonly seconds: number;
  /** Whether a path was cut at the depth limit, or the memory ran out. */
  readonly cut: boolean;
  /** Lines of `manager.pml` with a transition that was not taken. */
  readonly unreached: ReadonlySet<number>;
}

const MODEL = new URL("election.pml", import.meta.url).pathname;
const MEMORY_MB = 4000;

/** Searches an instance, in a directory of its own. */
export async function search(instance: Instance): Promise<Outcome> {
  const dir = await Deno.makeTempDir({ prefix: "model-" });
  try {
    await run(dir, "spin", ["-a", ...instance.defines.map((name) => `-D${name}`), MODEL]);
    const kept = instance.bounded ? "-DBITSTATE" : "-DCOLLAPSE";
    const options = [
      instance.optimise ?? "-O0",
      "-w",
      "-DSAFETY",
      "-DNOFAIR",
      `-DMEMLIM=${MEMORY_MB}`,
      kept,
    ];
    await run(dir, "gcc", [...options, "-o", "pan", "pan.c"]);
    const startedAt = performance.now();
    const hash = instance.bounded ? ["-w29"] : [];
    const said = await run(dir, `${dir}/pan`, [`-m${instance.depth}`, ...hash]);
    return read(said, (performance.now() - startedAt) / 1000);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function run(cwd: string, command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, `${command} ${args.join(" ")}: ${out!.slice(-2000)}${err}`);
  return out!;
}

function read(said: string, seconds: number): Outcome {
  const number = (pattern: RegExp): number => {
    const match = pattern.exec(said);
    assert(match, `pan does not say ${pattern}: ${said.slice(-2000)}`);
    return Number(match[1]);
  };
  return {
    errors: number(/errors: (\d+)/),
    violated: /assertion violated (.*) \(at depth/.exec(said)?.[1] ?? null,
    states: number(/(\d+) states, stored/),
    transitions: number(/(\d+) transitions/),
    memoryMb: number(/([\d.]+)\s+total actual memory usage/),
    seconds,
    cut: /max search depth too small|out of memory|pan: reached/.test(said),
    unreached: new Set(
      [...said.matchAll(/manager\.pml:(\d+), state \d+, "el\[e\]\.effect = /g)].map((match) =>
        Number(match[1])
      ),
    ),
  };
}
