/**
 * The builds that a benchmark runs: this working copy, and an earlier commit of it to compare with, whose source
 * is laid out in a temporary directory.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { ROOT } from "../tests/e2e/node.ts";
import { outputOf } from "../tests/support/in_time.ts";

/** The last commit that read Neutron's lists whole, in turn, before it did anything else. */
const BEFORE = "00be05d";

/** What can be run as a node. */
export interface Build {
  readonly name: string;
  /** Where its source lies, with a slash at the end. */
  readonly root: string;
  /** Whether it has an option, such as `neutron_parallel`. */
  has(option: string): Promise<boolean>;
}

/** The builds of a run, and its arguments. */
export interface Builds extends AsyncDisposable {
  readonly ours: Build;
  /** What ours is compared with; null: nothing. */
  readonly before: Build | null;
}

function build(name: string, root: string): Build {
  return {
    name,
    root,
    async has(option) {
      const text = await Deno.readTextFile(`${root}lib/config/options.ts`).catch(() => "");
      return text.includes(` ${option}: `);
    },
  };
}

/**
 * Reads `--compare COMMIT` (by default {@linkcode BEFORE}; `none`: nothing) and lays that commit out.
 *
 * @throws the history does not have it.
 */
export async function openBuilds(args: readonly string[]): Promise<Builds> {
  const { compare = BEFORE } = parseArgs([...args], { string: ["compare"] }) as {
    compare?: string;
  };
  const ours = build("this build", ROOT);
  const stack = new AsyncDisposableStack();
  const close = { [Symbol.asyncDispose]: () => stack.disposeAsync() };
  if (compare === "none") return { ours, before: null, ...close };
  const dir = await Deno.makeTempDir({ prefix: "bench-build-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const script = 'git archive "$1" | tar -x -C "$2"';
  const { stderr } = await outputOf("sh", { args: ["-c", script, "sh", compare, dir], cwd: ROOT });
  const laidOut = await Deno.stat(`${dir}/main.ts`).then(() => true, () => false);
  if (!laidOut) {
    await stack.disposeAsync();
    throw new Error(`there is no build ${compare}: ${new TextDecoder().decode(stderr).trim()}`);
  }
  return { ours, before: build(compare, `${dir}/`), ...close };
}
