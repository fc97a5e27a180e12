/**
 * Writes what a role measures to the state store: every 4 s, when something has changed. Once a
 * second it looks how late its own timer runs, which is how late everything else in the process runs.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Meter, MetricsRecord } from "./meter.ts";

const LOOK_MS = 1000;
const LOOKS_PER_WRITE = 4;

/** Runs until `signal` aborts; errors of `write` are its own to tell. */
export async function publishMetrics(
  meter: Meter,
  clock: Pick<Clock, "monotonic" | "sleep">,
  write: (instruments: MetricsRecord["instruments"]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (let look = 1; !signal.aborted; look++) {
    const due = clock.monotonic() + LOOK_MS;
    await clock.sleep(LOOK_MS, signal).catch(() => {});
    meter.add("event_loop_delay_seconds", Math.max(0, clock.monotonic() - due) / 1000, {});
    if (look % LOOKS_PER_WRITE !== 0) continue;
    const instruments = meter.takeChanged();
    if (instruments) await write(instruments);
  }
}
