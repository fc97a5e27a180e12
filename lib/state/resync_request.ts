/**
 * Asks this node's resource syncer for a resync, through the state store, and follows it.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { isMaster } from "./is_master.ts";
import { noted } from "./asked_for.ts";
import type { ResyncAnswer, ResyncRequest } from "./records.ts";
import { ask } from "./request.ts";
import type { StateStore } from "./store.ts";

/** What is to be resynced, how, and who asks. */
export type ResyncOptions = Omit<ResyncRequest, "id" | "at" | "term">;

/** No node runs on this state directory, so nobody answers. */
export class NobodyRunsError extends Error {
  override readonly name = "NobodyRunsError";
}

/** The syncer takes a request up between two turns, or after the resync that runs. */
const SILENCE_MS = 30_000;
/** Objects that an event names. */
const MAX_NAMED = 3;
/** A supervisor writes its record once a second, ms. */
const SUPERVISOR_MS = 10_000;

/**
 * Leaves the request for the syncer, resolves to it, and notes it.
 *
 * @throws when something is to be written and this node does not lead, or when another request waits.
 */
export async function requestResync(
  store: StateStore,
  clock: Clock,
  options: ResyncOptions,
): Promise<ResyncRequest> {
  const asked = { by: options.by, what: describeResync(options) };
  return await noted(store, clock, asked, () => leaveResync(store, clock, options));
}

/** What is asked for, as a noun: "a dry run of a resync of port 6d…, which may delete what …". */
export function describeResync(options: ResyncOptions): string {
  const { networks, subnets, ports, groups } = options;
  const names = [
    ...networks.map((id) => `network ${id}`),
    ...subnets.map((id) => `subnet ${id}`),
    ...ports.map((id) => `port ${id}`),
    ...groups.map((id) => `security group ${id}`),
  ];
  const shown = names.slice(0, MAX_NAMED).join(", ");
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  const what = `a resync of ${shown || "everything"}${more}`;
  const groupsToo = options.includeGroups ? ", with the ports' security groups" : "";
  const allowed = options.allowDeletions ? ", which may delete what a guard would hold back," : "";
  return `${options.dryRun ? "a dry run of " : ""}${what}${groupsToo}${allowed}`;
}

async function leaveResync(
  store: StateStore,
  clock: Clock,
  options: ResyncOptions,
): Promise<ResyncRequest> {
  const mastership = await store.readMastership();
  const leads = isMaster(mastership, clock);
  if (!leads && !options.dryRun) {
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
  const request = { ...options, id: crypto.randomUUID(), at: clock.now(), term };
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
 * @throws when the syncer is silent for 30 s, or mastership ends under what is to be written.
 * @throws {NobodyRunsError} there is no node any more.
 */
export async function followResync(
  store: StateStore,
  clock: Clock,
  request: ResyncRequest,
  onProgress: (answer: ResyncAnswer) => void,
): Promise<ResyncAnswer> {
  const { id, dryRun } = request;
  /** Time and step of the answer that was seen last. */
  let last = "";
  const answer = await ask(store, clock, {
    async readAnswer(heard) {
      const answer = await store.readResyncAnswer();
      if (answer?.id === id) {
        const shown = `${answer.at} ${answer.doing}`;
        if (shown !== last) heard();
        last = shown;
        onProgress(answer);
        if (answer.state !== "running") return answer;
      } else if (last !== "") {
        throw new Error(
          "another resync was asked for meanwhile: the history has what came of this one",
        );
      } else await waitsItsTurn(store, clock, heard);
      // Whoever does not lead may still compare.
      if (!dryRun && !isMaster(await store.readMastership(), clock)) {
        throw new Error("mastership has ended, and the resync with it");
      }
      return null;
    },
    async withdraw() {
      if ((await store.readResyncRequest())?.id === id) await store.writeResyncRequest(null);
    },
  }, { answerMs: SILENCE_MS });
  if (answer !== null) return answer;
  throw new Error("the resource syncer gives no sign of the resync: look at its log");
}

/** The syncer is busy with another resync, or does not run. */
async function waitsItsTurn(store: StateStore, clock: Clock, heard: () => void): Promise<void> {
  const alive = await store.readAlive("resource-syncer");
  if (alive && clock.now() - alive.at < SILENCE_MS / 3) heard();
  else if (!await nodeRuns(store, clock)) {
    throw new NobodyRunsError("no node runs any more with this state directory");
  }
}
