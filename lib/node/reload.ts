/** Readings of the configuration again: who asks for them, and who is told what came of it. @module */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { noteRequest } from "../state/asked_for.ts";
import type { ReloadRequest } from "../state/records.ts";
import {
  answerReload,
  type ReloadOutcome,
  takeReload,
  voidReload,
} from "../state/reload_request.ts";
import type { StateStore } from "../state/store.ts";
import type { ServiceManager } from "./service_manager.ts";

/** Who asks; a signal waits for no answer. */
type ReloadAsked = ReloadRequest | "SIGHUP";

/** Who is told. */
export interface ReloadHearers {
  readonly store: StateStore;
  readonly log: Log;
  readonly clock: Clock;
  /** Null: none, or it has not been told yet that the node is ready. */
  readonly serviceManager: ServiceManager | null;
}

const ASKED_FOR = "reading the configuration again was asked for";

/** What asks a node to read its configuration again; one reading follows the other. */
export class Reloads {
  #wanted: ReloadAsked | null = null;
  #reading: Promise<void> | null = null;

  /** A signal asks for it. */
  signalled(): void {
    this.#wanted ??= "SIGHUP";
  }

  /** Takes a request up, and begins to read by `read` unless that goes on; to be called again and again. */
  async turn(read: () => Promise<ReloadOutcome>, hearers: ReloadHearers): Promise<void> {
    const { store, clock, log } = hearers;
    const isBusy = this.#reading !== null || this.#wanted !== null;
    const request = await takeReload(store, clock, isBusy).catch(() => null);
    if (request) log.info(ASKED_FOR, { by: request.by });
    this.#wanted = request ?? this.#wanted;
    if (this.#reading || !this.#wanted) return;
    this.#reading = reload(this.#wanted, read, hearers).finally(() => this.#reading = null);
    this.#wanted = null;
  }

  /** Waits for the reading that goes on; whoever waits for another one is told why there is none. */
  async end(store: StateStore, reason: string): Promise<void> {
    await this.#reading;
    await voidReload(store, reason).catch(() => {});
  }
}

/** Reads by `read`, and tells the log, the page, the service manager and whoever asked. */
async function reload(
  asked: ReloadAsked,
  read: () => Promise<ReloadOutcome>,
  { store, log, clock, serviceManager }: ReloadHearers,
): Promise<void> {
  const tell = (level: "info" | "error", message: string) =>
    store.addEvent("supervisor", { at: clock.now(), level, message }).catch(() => {});
  serviceManager?.reloading();
  if (asked === "SIGHUP") {
    log.info(ASKED_FOR, { by: asked });
    await noteRequest(store, clock, { by: asked, what: "reading the configuration again" });
  }
  const outcome = await read();
  if (outcome.is === "refused") {
    const { reason } = outcome;
    log.error("the new configuration is refused, the one before stays in force", { reason });
    await tell("error", `the new configuration is refused, the one before stays: ${reason}`);
  } else {
    await tell("info", `the configuration was read again; it concerns ${outcome.concerns}`);
  }
  serviceManager?.ready();
  if (asked !== "SIGHUP") await answerReload(store, asked, outcome).catch(() => {});
}
