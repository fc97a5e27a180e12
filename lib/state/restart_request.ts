/**
 * Asks this node's supervisor to restart a role, through the state store: the supervisor has no
 * network, and the roles have no other way to it. The supervisor answers before it stops the role, so
 * that the page can be asked to restart itself.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { noteRequest } from "./asked_for.ts";
import type { RestartRequest } from "./records.ts";
import { ask } from "./request.ts";
import type { StateStore } from "./store.ts";

const ANSWER_MS = 5000;
/** Of a role's name, in the event. */
const MAX_ROLE_CHARS = 64;

/** This node has no role of that name. */
export class UnknownRoleError extends Error {
  override readonly name = "UnknownRoleError";
}

/** The supervisor will not do it; the message says why. */
export class RestartRefusedError extends Error {
  override readonly name = "RestartRefusedError";
}

/**
 * Leaves the request, waits up to 5 s until the supervisor has taken it up, and notes it.
 *
 * @throws {UnknownRoleError} there is no such role on this node.
 * @throws {RestartRefusedError} the node stops.
 * @throws when no supervisor answers; the request is void then.
 */
export async function requestRestart(
  store: StateStore,
  clock: Clock,
  role: string,
  by: string,
): Promise<void> {
  const what = `a restart of ${role.slice(0, MAX_ROLE_CHARS)}`;
  const note = (outcome?: string) => noteRequest(store, clock, { by, what, outcome });
  if (await store.readRole(role) === null) {
    const error = new UnknownRoleError(`this node has no role ${JSON.stringify(role)}`);
    await note(error.message);
    throw error;
  }
  const id = crypto.randomUUID();
  const request: RestartRequest = { id, at: clock.now(), by, outcome: null };
  const outcome = await ask(store, clock, {
    async leave() {
      await note(); // first: this process may be the one that is restarted
      await store.writeRestart(role, request);
    },
    async readAnswer() {
      const answer = await store.readRestart(role);
      if (answer?.id !== id) {
        throw new Error("another request to restart this role came in between");
      }
      if (answer.outcome !== null) return answer.outcome;
      if ((await store.readRole(role))?.state === "stopped") {
        throw new RestartRefusedError(`${role} is stopped, as the node stops`);
      }
      return null;
    },
    async withdraw() {
      if ((await store.readRestart(role))?.id !== id) return;
      await store.writeRestart(role, { ...request, outcome: "void" });
    },
  }, { answerMs: ANSWER_MS });
  if (outcome !== null) return;
  const silence = `no supervisor answered within ${ANSWER_MS / 1000} s: is the node running?`;
  await note(silence);
  throw new Error(silence);
}

/** Takes up a request that waits, on the supervisor's side; null when there is none. */
export async function takeRestart(
  store: StateStore,
  clock: Clock,
  role: string,
): Promise<RestartRequest | null> {
  const request = await store.readRestart(role);
  // One that its asker gave up on, or left before this supervisor started, is not acted on.
  if (request === null || request.outcome !== null) return null;
  if (Math.abs(clock.now() - request.at) > ANSWER_MS) return null;
  const taken: RestartRequest = { ...request, outcome: "restarting" };
  await store.writeRestart(role, taken);
  return taken;
}
