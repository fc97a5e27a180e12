/**
 * Asks this node's supervisor to read its configuration again, through the state store, and waits until
 * that is done. SIGHUP asks for the same, but whoever sends it is not told what came of it.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { noted } from "./asked_for.ts";
import type { ReloadRequest } from "./records.ts";
import { ask } from "./request.ts";
import type { StateStore } from "./store.ts";

/** The supervisor takes a request up within a second; reading may follow another reading. */
const ANSWER_MS = 15_000;

/** What came of it: the names of the roles that it concerned, or why the configuration is refused. */
export type ReloadOutcome =
  | { readonly is: "in force"; readonly concerns: string }
  | { readonly is: "refused"; readonly reason: string };

/**
 * Leaves the request and waits for its end, as long as the supervisor that has taken it up lives; notes it.
 *
 * @throws when no supervisor takes it up within 15 s, or the one that did is gone; the request is void then.
 */
export async function requestReload(
  store: StateStore,
  clock: Clock,
  by: string,
): Promise<ReloadOutcome> {
  const what = "reading the configuration again";
  const outcomeOf = (outcome: ReloadOutcome) =>
    outcome.is === "refused" ? "it is refused" : undefined;
  return await noted(store, clock, { by, what }, () => leaveReload(store, clock, by), outcomeOf);
}

async function leaveReload(store: StateStore, clock: Clock, by: string): Promise<ReloadOutcome> {
  const id = crypto.randomUUID();
  const asked: ReloadRequest = { id, at: clock.now(), by, state: "asked", told: "" };
  let seenAlive: number | undefined;
  const outcome = await ask(store, clock, {
    leave: () => store.writeReload(asked),
    async readAnswer(heard) {
      const answer = await store.readReload();
      if (answer?.id !== id) throw new Error("another request to reload came in between");
      const { state, told } = answer;
      if (state === "in force") return { is: state, concerns: told } as const;
      if (state === "refused") return { is: state, reason: told } as const;
      const aliveAt = (await store.readSupervisor())?.at;
      if (state === "reading" && aliveAt !== seenAlive) heard();
      seenAlive = aliveAt;
      return null;
    },
    async withdraw() {
      if ((await store.readReload())?.id === id) {
        await store.writeReload({ ...asked, state: "void" });
      }
    },
  }, { answerMs: ANSWER_MS });
  if (outcome !== null) return outcome;
  throw new Error(`no supervisor answered for ${ANSWER_MS / 1000} s: is the node running?`);
}

/** Takes up a request that waits, on the supervisor's side; null when there is none. */
export async function takeReload(store: StateStore, clock: Clock): Promise<ReloadRequest | null> {
  const request = await store.readReload();
  // One that its asker gave up on, or left before this supervisor started, is not acted on.
  if (request?.state !== "asked" || Math.abs(clock.now() - request.at) > ANSWER_MS) return null;
  const taken: ReloadRequest = { ...request, state: "reading" };
  await store.writeReload(taken);
  return taken;
}

/** Answers a request that was taken up, unless another one has come in its place. */
export async function answerReload(
  store: StateStore,
  { id }: ReloadRequest,
  outcome: ReloadOutcome,
): Promise<void> {
  const request = await store.readReload();
  if (request?.id !== id) return;
  const told = outcome.is === "refused" ? outcome.reason : outcome.concerns;
  await store.writeReload({ ...request, state: outcome.is, told });
}
