/**
 * A port's `data_plane_status`: Neutron's attribute for "the network below does not carry this port",
 * where the extension `data-plane-status` is loaded. It is DOWN while Felix reports an error and ACTIVE
 * afterwards (null would be cleaner, but Neutron 21 answers it with a 500).
 *
 * Only the host that the port is bound to counts: the status that an endpoint leaves behind on another host
 * says nothing about the port.
 *
 * @module
 */
import { z } from "zod";
import { discard, isRefused, readJson } from "../openstack/http.ts";
import type { KeystoneAuth } from "../openstack/keystone.ts";
import type { NeutronClient } from "../openstack/neutron.ts";
import { FAULT_FIELDS } from "../openstack/records.ts";
import type { Log } from "../base/log.ts";
import type { PortUpdate } from "./reporter.ts";

/** After Neutron has not told of ports that no list has shown, it is not asked for so long, ms. */
const LOOK_PAUSE_MS = 60_000;
const portSchema = z.object({
  id: z.string(),
  "binding:host_id": z.string().nullish(),
});

const faultSchema = z.object({ id: z.string(), data_plane_status: z.string().nullish() });

/** An endpoint that is gone is no error. */
function isInError({ status, gone = false }: PortUpdate): boolean {
  return status === "ERROR" && !gone;
}

/** Sets the attribute where it has to change; one per term. */
export class DataPlaneStatus {
  /** Ports whose attribute is DOWN, as far as is known: seen in Neutron's lists, or set here. */
  readonly #down = new Set<string>();
  /** When it was set here last, by port, ms since the epoch. */
  readonly #setAt = new Map<string, number>();
  /** Whether Neutron has the extension; undefined: it was not asked yet. */
  #isOffered: Promise<boolean> | undefined;
  /** The service user may not set the attribute. */
  #isRefused = false;
  /** Until then Neutron is not asked about ports that no list has shown, monotonic ms. */
  #looksAgainAt = -Infinity;

  /** @param log is told once when the service user lacks the right; ports are then left as they are. */
  constructor(readonly neutron: NeutronClient, readonly auth: KeystoneAuth, readonly log: Log) {}

  /** Follows states that were reported. Resolves to errors by port. */
  async apply(
    updates: readonly PortUpdate[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const failed = new Map<string, unknown>();
    if (this.#isRefused) return failed;
    await this.#look(updates.filter((update) => update.isUnseen && !this.#isDue(update)), signal);
    const due = updates.filter((update) => this.#isDue(update));
    try {
      if (due.length === 0 || !await this.#offered(this.#inTime(signal))) return failed;
    } catch (error) {
      return new Map(due.map(({ port }) => [port, error]));
    }
    for (const update of due) {
      const { port } = update;
      if (signal.aborted) failed.set(port, signal.reason);
      else await this.#follow(update).catch((error) => failed.set(port, error));
    }
    return failed;
  }

  /** See `StatusReporter.noteFault`. */
  noteFault(port: string, isFaulty: boolean, askedAt: number): boolean {
    const setAt = this.#setAt.get(port) ?? -Infinity;
    // Of a clock that was set back since nothing can be told.
    const wasSetSince = askedAt <= setAt && setAt <= this.auth.clock.now();
    if (this.#isRefused || wasSetSince) return false;
    if (isFaulty) this.#down.add(port);
    else this.#down.delete(port);
    return true;
  }

  /** Whether it has to be set, as far as is known. */
  #isDue(update: PortUpdate): boolean {
    return isInError(update) || this.#down.has(update.port);
  }

  /**
   * Has Neutron show which of these ports, that no list has shown yet, are called faulty. When it does not, that is no
   * failure of their reports, and it is left alone for a while: a list that shows it later counts all the same.
   */
  async #look(unseen: readonly PortUpdate[], signal: AbortSignal): Promise<void> {
    const { clock } = this.auth;
    if (unseen.length === 0 || clock.monotonic() < this.#looksAgainAt) return;
    const askedAt = clock.now();
    const inTime = this.#inTime(signal);
    try {
      if (!await this.#offered(inTime)) return;
      const ids = unseen.map(({ port }) => port);
      const { items } = await this.neutron
        .listBy("ports", faultSchema, inTime, "id", ids, ["id"], FAULT_FIELDS);
      for (const { id, data_plane_status } of items) {
        if (data_plane_status === "DOWN") this.noteFault(id, true, askedAt);
      }
    } catch {
      this.#looksAgainAt = clock.monotonic() + LOOK_PAUSE_MS;
    }
  }

  #inTime(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, AbortSignal.timeout(this.neutron.config.requestTimeoutMs)]);
  }

  async #follow(update: PortUpdate): Promise<void> {
    if (this.#isRefused) return;
    const { port } = update;
    const isDown = isInError(update);
    try {
      if (!await this.#set(update, isDown ? "DOWN" : "ACTIVE")) return;
    } catch (error) {
      if (!isRefused(error, 403)) throw error;
      return this.#giveUp(error);
    }
    this.#setAt.set(port, this.auth.clock.now());
    if (isDown) this.#down.add(port);
    else this.#down.delete(port);
  }

  /** Whether Neutron has the extension, asked once a term. @throws Neutron does not tell. */
  async #offered(signal: AbortSignal): Promise<boolean> {
    try {
      return await (this.#isOffered ??= this.#askExtension(signal));
    } catch (error) {
      this.#isOffered = undefined;
      throw error;
    }
  }

  #giveUp(error: unknown): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.log.warn(
      "ports in error are reported as down only: Neutron refuses the service user " +
        "update_port:data_plane_status",
      { error },
    );
  }

  async #askExtension(signal: AbortSignal): Promise<boolean> {
    const url = `${this.neutron.config.neutronUrl}/v2.0/extensions/data-plane-status`;
    try {
      await this.auth.fetch(url, signal, discard);
      return true;
    } catch (error) {
      if (!isRefused(error, 404)) throw error;
      return false;
    }
  }

  /** Sets the attribute; false when the port is gone or bound elsewhere. */
  async #set({ host, port }: PortUpdate, value: "DOWN" | "ACTIVE"): Promise<boolean> {
    const signal = AbortSignal.timeout(this.neutron.config.requestTimeoutMs);
    const url = `${this.neutron.config.neutronUrl}/v2.0/ports/${encodeURIComponent(port)}`;
    try {
      const found = z.object({ port: portSchema }).parse(
        await this.neutron.fetch(url, signal, readJson),
      );
      if (found.port["binding:host_id"] !== host) return false;
      await this.neutron.fetch(url, signal, discard, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ port: { data_plane_status: value } }),
      });
      return true;
    } catch (error) {
      if (isRefused(error, 404)) return false;
      throw error;
    }
  }
}
