/**
 * A neighbour of the page: reads and writes the state store as every role does, and measures how late
 * its timer runs and how long its reads and writes take. A line on standard input asks for the figures.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import { isMaster } from "../../lib/state/is_master.ts";
import { readSealKeys } from "../../lib/state/seal_file.ts";
import { StateStore } from "../../lib/state/store.ts";

/** Of one period, ms. */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** What it noticed. */
export interface NeighbourFigures {
  readonly timer: Delays;
  readonly read: Delays;
  readonly write: Delays;
}

const TURN_MS = 20;
/** A heartbeat every so many turns. */
const TURNS_PER_WRITE = 10;

function summary(times: number[]): Delays {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), worst: times.at(-1) ?? 0 };
}

async function run(dir: string): Promise<void> {
  using store = await StateStore.open(dir, await readSealKeys(dir));
  let [timer, read, write]: [number[], number[], number[]] = [[], [], []];
  let ended = false;
  const answer = async () => {
    for await (const _ of Deno.stdin.readable) {
      const figures = { timer: summary(timer), read: summary(read), write: summary(write) };
      [timer, read, write] = [[], [], []];
      await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(figures) + "\n"));
    }
    ended = true;
  };
  const answering = answer();
  for (let turn = 1; !ended; turn++) {
    const due = performance.now() + TURN_MS;
    await systemClock.sleep(TURN_MS);
    const woke = performance.now();
    timer.push(woke - due);
    isMaster(await store.readMastership(), systemClock);
    read.push(performance.now() - woke);
    if (turn % TURNS_PER_WRITE !== 0) continue;
    const from = performance.now();
    await store.writeAlive("neighbour", {
      at: Date.now(),
      pid: Deno.pid,
      doing: "measuring",
      problem: null,
    });
    write.push(performance.now() - from);
  }
  await answering;
}

if (import.meta.main) await run(Deno.args[0]!);
