/// <reference lib="deno.worker" />
/** Ends the process when a thread takes no step for too long, and says with which input that was. @module */

/** What is watched. */
interface Watched {
  /** Counts the inputs. */
  readonly steps: Int32Array;
  readonly edge: string;
  /** What draws the inputs again. */
  readonly hint: string;
  readonly endlessMs: number;
}

/** Between two looks, ms. */
const LOOK_MS = 500;

self.onmessage = ({ data }: MessageEvent<Watched>) => {
  const { steps, edge, hint, endlessMs } = data;
  let last = -1;
  let since = performance.now();
  setInterval(() => {
    const step = Atomics.load(steps, 0);
    const now = performance.now();
    if (step !== last) [last, since] = [step, now];
    if (now - since < endlessMs) return;
    const line = `${edge}: input ${step} does not end (${hint})\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(line));
    Deno.kill(Deno.pid, "SIGKILL");
  }, LOOK_MS);
};
