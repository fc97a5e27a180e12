/**
 * Asks this node's supervisor to read its configuration again, through the state store, and waits until
 * that is done. SIGHUP asks for the same, but whoever sends it is not told what came of it.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { Clock } from "../base/clock.ts";
import { notedFirst } from "./asked_for.ts";
import type { ReloadRequest, SupervisorState } from "./records.ts";
import { ask } from "./request.ts";
import type { StateStore } from "./store.ts";

/** The supervisor takes a request up within a second; reading may follow another reading. */
const ANSWER_MS = 15_000;
/** Longest reason: a value of Deno KV takes 64 KiB. */
const MAX_TOLD_CHARS = 4000;
/** The answer could not be written, or the supervisor that had taken the request up is gone. */
const UNTOLD = "what came of it could not be told: look at the node's log";
/** States of a request that has no answer yet. */
const WAITING: readonly ReloadRequest["state"][] = ["asked", "reading"];

/** What came of it: the names of the roles that it concerned, or why the configuration is refused. */
export type ReloadOutcome =
  | { readonly is: "in force"; readonly concerns: string }
  | { readonly is: "refused"; readonly reason: string };

/** Who asks, and how it is seen whether anybody is there to answer. */
export interface ReloadAsker {
  readonly by: string;
  /** Whether a supervisor has the state directory. */
  supervisorRuns(): Promise<boolean>;
}

/**
 * Leaves the request and waits for its end, as long as the supervisor that has taken it up lives; notes it.
 *
 * @throws when no supervisor takes it up within 15 s, or the one that did stops or is gone; the request is void
 * then.
 */
export async function requestReload(
  store: StateStore,
  clock: Clock,
  asker: ReloadAsker,
): Promise<ReloadOutcome> {
  const asked = { by: asker.by, what: "reading the configuration again" };
  const outcomeOf = (outcome: ReloadOutcome) =>
    outcome.is === "refused" ? "it is refused" : undefined;
  return await notedFirst(store, clock, asked, () => leaveReload(store, clock, asker), outcomeOf);
}

async function leaveReload(
  store: StateStore,
  clock: Clock,
  { by, supervisorRuns }: ReloadAsker,
): Promise<ReloadOutcome> {
  const id = crypto.randomUUID();
  const asked: ReloadRequest = { id, at: clock.now(), by, state: "asked", told: "" };
  const reader = new Reader();
  const outcome = await ask(store, clock, {
    leave: () => store.writeReload(asked),
    async readAnswer(heard) {
      const [runs, supervisor] = await Promise.all([supervisorRuns(), store.readSupervisor()]);
      // After these: the answer of one that has ended since counts.
      const answer = await store.readReload();
      if (answer?.id !== id) throw new Error("another request to reload came in between");
      const { state, told } = answer;
      if (state === "in force") return { is: state, concerns: told } as const;
      if (state === "refused") return { is: state, reason: told } as const;
      if (state === "void") throw new Error(`no answer comes: ${told}`);
      if (!runs) throw new Error("the node has ended before it said what came of it");
      if (state === "reading" && reader.showsLife(supervisor)) heard();
      return null;
    },
    async withdraw() {
      const answer = await store.readReload();
      if (answer?.id !== id || !WAITING.includes(answer.state)) return;
      await store.writeReload({ ...asked, state: "void" });
    },
  }, { answerMs: ANSWER_MS });
  if (outcome !== null) return outcome;
  throw new Error(describeSilence(reader, await store.readSupervisor()));
}

/** The supervisor that reads for a request. */
class Reader {
  #pid: number | null = null;
  #seenAt: number | null = null;

  /** Whether the request was seen to be taken up. */
  get known(): boolean {
    return this.#pid !== null;
  }

  /**
   * Whether it has shown since the last look that it lives.
   *
   * @throws when the record is another supervisor's.
   */
  showsLife(record: SupervisorState | null): boolean {
    if (record === null) return false;
    this.#pid ??= record.pid;
    if (record.pid !== this.#pid) {
      throw new Error(
        `the supervisor (pid ${this.#pid}) has ended before it said what came of it; another one ` +
          `(pid ${record.pid}) runs now`,
      );
    }
    const isNew = record.at !== this.#seenAt;
    this.#seenAt = record.at;
    return isNew;
  }
}

function describeSilence(reader: Reader, supervisor: SupervisorState | null): string {
  const silence = `no supervisor answered for ${ANSWER_MS / 1000} s`;
  if (reader.known) return `${silence}: does it stand still?`;
  return `${silence}: perhaps the node runs an older version, which needs ` +
    `kill -HUP ${supervisor?.pid ?? "PID"} until it is restarted`;
}

/**
 * Takes up a request that waits, on the supervisor's side; null when there is none.
 *
 * @param isBusy whether a request may have been taken up that is not answered yet
 */
export async function takeReload(
  store: StateStore,
  clock: Clock,
  isBusy: boolean,
): Promise<ReloadRequest | null> {
  const request = await store.readReload();
  if (request?.state === "reading" && !isBusy) await voidReload(store, UNTOLD);
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
  await store.writeReload({ ...request, state: outcome.is, told: clip(told, MAX_TOLD_CHARS) });
}

/** Ends a request that has no answer and will get none. */
export async function voidReload(store: StateStore, reason: string): Promise<void> {
  const request = await store.readReload();
  if (!request || !WAITING.includes(request.state)) return;
  await store.writeReload({ ...request, state: "void", told: reason });
}
