/**
 * Asks this node's resource syncer for a resync, through the state store, and follows it.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { isMaster } from "../election/is_master.ts";
import type { ResyncAnswer, ResyncRequest } from "./records.ts";
import type { StateStore } from "./store.ts";

/** What is to be resynced. */
export type ResyncWish = Omit<ResyncRequest, "id" | "at" | "term">;

/** No node runs on this state directory, so nobody answers. */
export class NobodyRunsError extends Error {
  override readonly name = "NobodyRunsError";
}

const POLL_MS = 50;
/** The syncer takes a request up between two turns, or after the resync that runs. */
const SILENCE_MS = 30_000;
/** A supervisor writes its record once a second, ms. */
const SUPERVISOR_MS = 10_000;

/**
 * Leaves the request for the syncer; resolves to it.
 *
 * @throws when something is to be written and this node does not lead, or when another request waits.
 */
export async function requestResync(
  store: StateStore,
  clock: Clock,
  wish: ResyncWish,
): Promise<ResyncRequest> {
  const mastership = await store.readMastership();
  const leads = isMaster(mastership, clock);
  if (!leads && !wish.dryRun) {
    const leader = (await store.readElection())?.leader;
    throw new Error(
      `this node does not lead, and only the master writes: ask ${leader ?? "the node that leads"}`,
    );
  }
  const waiting = await store.readResyncRequest();
  if (waiting && clock.now() - waiting.at < SILENCE_MS) {
    throw new Error(`another resync, asked for by ${waiting.by}, waits to begin: ask again later`);
  }
  const term = leads ? mastership.term : null;
  const request = { ...wish, id: crypto.randomUUID(), at: clock.now(), term };
  await store.writeResyncRequest(request);
  return request;
}

/** Whether a supervisor runs on this state directory. */
export async function nodeRuns(store: StateStore, clock: Clock): Promise<boolean> {
  const supervisor = await store.readSupervisor();
  return supervisor !== null && clock.now() - supervisor.at < SUPERVISOR_MS;
}

/**
 * Follows a request to its end; `onProgress` hears each state. A request that nobody has taken up when
 * this throws is withdrawn.
 *
 * @throws when the syncer gives no sign for 30 s, or mastership ends under what is to be written.
 * @throws {NobodyRunsError} there is no node any more.
 */
export async function followResync(
  store: StateStore,
  clock: Clock,
  request: ResyncRequest,
  onProgress: (answer: ResyncAnswer) => void,
): Promise<ResyncAnswer> {
  try {
    return await follow(store, clock, request, onProgress);
  } catch (error) {
    if ((await store.readResyncRequest())?.id === request.id) {
      await store.writeResyncRequest(null);
    }
    throw error;
  }
}

async function follow(
  store: StateStore,
  clock: Clock,
  { id, dryRun }: ResyncRequest,
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
    } else if (last !== "") {
      throw new Error(
        "another resync was asked for meanwhile: the history has what came of this one",
      );
    } else {
      const alive = await store.readAlive("resource-syncer");
      if (alive && clock.now() - alive.at < SILENCE_MS / 3) {
        heardAt = clock.monotonic(); // it is busy with another resync
      } else if (!await nodeRuns(store, clock)) {
        throw new NobodyRunsError("no node runs any more with this state directory");
      }
    }
    // Whoever does not lead may still compare.
    if (!dryRun && !isMaster(await store.readMastership(), clock)) {
      throw new Error("mastership has ended, and the resync with it");
    }
    await clock.sleep(POLL_MS);
  }
  throw new Error("the resource syncer gives no sign of the resync: look at its log");
}
