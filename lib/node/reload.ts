/** One reading of the configuration again: who asked for it, and who is told what came of it. @module */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { noteRequest } from "../state/asked_for.ts";
import type { ReloadRequest } from "../state/records.ts";
import { answerReload, type ReloadOutcome } from "../state/reload_request.ts";
import type { StateStore } from "../state/store.ts";
import type { ServiceManager } from "./service_manager.ts";

/** Who asks; a signal waits for no answer. */
export type ReloadAsked = ReloadRequest | "SIGHUP";

/** Who is told. */
export interface ReloadHearers {
  readonly store: StateStore;
  readonly log: Log;
  readonly clock: Clock;
  /** Null: none, or it has not been told yet that the node is ready. */
  readonly serviceManager: ServiceManager | null;
}

/** Reads by `read`, and tells the log, the page, the service manager and whoever asked. */
export async function reload(
  asked: ReloadAsked,
  read: () => Promise<ReloadOutcome>,
  { store, log, clock, serviceManager }: ReloadHearers,
): Promise<void> {
  const tell = (level: "info" | "error", message: string) =>
    store.addEvent("supervisor", { at: clock.now(), level, message }).catch(() => {});
  serviceManager?.reloading();
  if (asked === "SIGHUP") {
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
