/** The wait for an etcd that is being started beside this process, as the lab's is. @module */
import type { JobContext } from "../role/master_context.ts";
import type { ElectionStore } from "./election_store.ts";

/** As long as the lab waits for it; what does not answer then is an outage, ms. */
const LIMIT_MS = 15_000;
const CALL_MS = 1000;
const POLL_MS = 50;

/** Resolves when etcd has answered for the first time, after 15 s at the latest, and when the signal aborts. */
export async function firstAnswer(
  elections: Pick<ElectionStore, "get">,
  { clock, alive }: Pick<JobContext, "clock" | "alive">,
  signal: AbortSignal,
): Promise<void> {
  const until = clock.monotonic() + LIMIT_MS;
  while (!signal.aborted && clock.monotonic() < until) {
    alive("waiting until the lab's etcd is up");
    try {
      await elections.get(CALL_MS);
      return;
    } catch {
      await clock.sleep(POLL_MS, signal).catch(() => {});
    }
  }
}
