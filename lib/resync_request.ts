/**
 * Asks this node's resource syncer for a resync, through the state store, and follows it.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { isMaster } from "./election/is_master.ts";
import type { ResyncAnswer, ResyncRequest } from "./state_records.ts";
import type { StateStore } from "./state_store.ts";

/** What is to be resynced. */
export type ResyncWish = Omit<ResyncRequest, "id" | "at">;

const POLL_MS = 50;
/** The syncer takes a request up between two turns, or after the resync that runs. */
const SILENCE_MS = 30_000;

/**
 * Leaves the request for the syncer; resolves to its id.
 *
 * @throws when this node does not lead.
 */
export async function requestResync(
  store: StateStore,
  clock: Clock,
  wish: ResyncWish,
): Promise<string> {
  if (!isMaster(await store.readMastership(), clock)) {
    const leader = (await store.readElection())?.leader;
    throw new Error(
      `this node does not lead, and only the master writes: ask ${leader ?? "the node that leads"}`,
    );
  }
  const id = crypto.randomUUID();
  await store.writeResyncRequest({ ...wish, id, at: clock.now() });
  return id;
}

/**
 * Follows a request to its end; `onProgress` hears each state.
 *
 * @throws when the syncer gives no sign for 30 s, or mastership ends.
 */
export async function followResync(
  store: StateStore,
  clock: Clock,
  id: string,
  onProgress: (answer: ResyncAnswer) => void,
): Promise<ResyncAnswer> {
  let heardAt = clock.monotonic();
  let last = "";
  while (clock.monotonic() - heardAt < SILENCE_MS) {
    const answer = await store.readResyncAnswer();
    if (answer?.id === id) {
      const shown = `${answer.at} ${answer.doing}`;
      if (shown !== last) heardAt = clock.monotonic();
      last = shown;
      onProgress(answer);
      if (answer.state === "done" || answer.state === "failed") return answer;
    }
    if (!isMaster(await store.readMastership(), clock)) {
      throw new Error("mastership has ended, and the resync with it");
    }
    const alive = await store.readAlive("resource-syncer");
    if (alive && clock.now() - alive.at < SILENCE_MS / 3 && answer?.id !== id) {
      heardAt = clock.monotonic(); // it is busy with another resync
    }
    await clock.sleep(POLL_MS);
  }
  throw new Error("the resource syncer gives no sign of the resync: look at its log");
}
