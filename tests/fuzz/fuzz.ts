/**
 * Drawn inputs for one edge of the product: each goes through the function that takes it from outside. A
 * run fails when an input raises what nobody expects there, computes for more than a second, or touches a
 * prototype; one that never ends is ended by `watchdog.ts`.
 *
 * `FUZZ_RUNS` inputs are drawn for each edge, 20,000 without it; `FUZZ_SEED` draws the same ones again.
 *
 * @module
 */
import process from "node:process";
import fc from "fast-check";
import { assert, assertEquals, TIME_FACTOR } from "../support/assert.ts";

/** Inputs for each edge. */
export const RUNS = Number(Deno.env.get("FUZZ_RUNS") || 20_000);
/** What the inputs are drawn from. */
export const SEED = Number(Deno.env.get("FUZZ_SEED") || Date.now() % 2 ** 31);

/** No input may compute for longer, ms, times the machine's factor. */
const MAX_MS = 1000;
/** An input that takes that long, ms, times the factor, never ends. */
const ENDLESS_MS = 60_000;
/** What is slow is tried so often: what slows a machine down passes, what is slow by itself does not. */
const TRIES = 3;
/** Objects of a result that are looked at. */
const MAX_OBJECTS = 2000;

/** Built-in prototypes that a key out of an input could reach. */
const PROTOTYPES = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  Map,
  Set,
  Promise,
  Error,
  RegExp,
]
  .map((builtIn) => builtIn.prototype as object);

/** Takes one input; what it returns is looked through for prototypes that are none. */
export type Enter<Input> = (input: Input) => unknown;

/** A test of one edge. `expected`: the errors with which that edge refuses. */
export function fuzz<Input>(
  edge: string,
  inputs: fc.Arbitrary<Input>,
  enter: Enter<Input>,
  expected: (error: Error) => boolean = () => false,
): void {
  Deno.test(`${edge}: ${RUNS} inputs`, async () => {
    say(`  ${edge}: seed ${SEED}`);
    const cpu = process.threadCpuUsage();
    const before = shapes();
    using watched = watch(edge);
    let slowest = 0;
    const property = fc.asyncProperty(inputs, async (input) => {
      watched.step();
      slowest = Math.max(slowest, await timed(() => tried(enter, input, expected)));
      assertEquals(countKeys(), watched.keys, "a prototype has another number of properties");
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: false });
    assertEquals(shapes(), before, "a prototype was changed");
    const seconds = (process.threadCpuUsage(cpu).user / 1e6).toFixed(1);
    say(
      `  ${edge}: ${seconds} s of computing, ${Math.round(slowest)} ms for the slowest input`,
    );
  });
}

async function tried<Input>(
  enter: Enter<Input>,
  input: Input,
  expected: (error: Error) => boolean,
): Promise<void> {
  try {
    demandPlain(await enter(input));
  } catch (error) {
    if (!(error instanceof Error) || !expected(error)) throw error;
  }
}

/** The thread's computing time for the work, ms, whoever else computes here. @throws when it is slow each time. */
async function timed(work: () => Promise<void>): Promise<number> {
  let took = Infinity;
  for (let i = 0; i < TRIES && took > MAX_MS * TIME_FACTOR; i++) {
    const before = process.threadCpuUsage();
    await work();
    const { user, system } = process.threadCpuUsage(before);
    took = Math.min(took, (user + system) / 1000);
  }
  assert(took <= MAX_MS * TIME_FACTOR, `an input took ${Math.round(took)} ms of computing`);
  return took;
}

/** Fails when an object in the value has a prototype that an input made. */
function demandPlain(value: unknown): void {
  const left: unknown[] = [value];
  for (let i = 0; i < MAX_OBJECTS && left.length > 0; i++) {
    const at = left.pop();
    if (typeof at !== "object" || at === null) continue;
    const prototype = Object.getPrototypeOf(at);
    const maker = prototype && Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
    assert(
      prototype === null || typeof maker === "function",
      "an object has a prototype of its own",
    );
    assert(prototype !== Array.prototype || Array.isArray(at), "an object became a list");
    if (ArrayBuffer.isView(at)) continue;
    for (const inner of at instanceof Map || at instanceof Set ? at.values() : Object.values(at)) {
      if (left.length < MAX_OBJECTS) left.push(inner);
    }
  }
}

function countKeys(): number {
  let count = 0;
  for (const prototype of PROTOTYPES) count += Reflect.ownKeys(prototype).length;
  return count;
}

/** What the built-in prototypes hold. */
function shapes(): unknown[] {
  return PROTOTYPES.map((prototype) => [
    Object.getPrototypeOf(prototype),
    ...Reflect.ownKeys(prototype).map((key) => [
      key,
      Object.getOwnPropertyDescriptor(prototype, key)?.value,
    ]),
  ]);
}

/** Has another thread watch over the steps: one that blocks this thread without an end cannot be seen here. */
function watch(edge: string) {
  const steps = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL("./watchdog.ts", import.meta.url), { type: "module" });
  const hint = `FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`;
  worker.postMessage({ steps, edge, hint, endlessMs: ENDLESS_MS * TIME_FACTOR });
  return {
    keys: countKeys(),
    step: () => Atomics.add(steps, 0, 1),
    [Symbol.dispose]: () => worker.terminate(),
  };
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
