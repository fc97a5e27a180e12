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
import { discard, OpenstackError, readJson } from "../openstack/http.ts";
import type { KeystoneAuth } from "../openstack/keystone.ts";
import type { NeutronClient } from "../openstack/neutron.ts";
import type { Log } from "../base/log.ts";
import type { PortUpdate } from "./reporter.ts";

const portSchema = z.object({
  id: z.string(),
  "binding:host_id": z.string().nullish(),
  data_plane_status: z.string().nullish(),
});
const FIELDS = ["id", "binding:host_id", "data_plane_status"];

function isForbidden(error: unknown): boolean {
  return error instanceof OpenstackError && error.status === 403;
}

function isMissing(error: unknown): boolean {
  return error instanceof OpenstackError && error.status === 404;
}

/** Sets the attribute where it has to change; one per term. */
export class DataPlaneStatus {
  /** Ports whose attribute is DOWN; undefined: not read yet. */
  #down: Promise<Set<string>> | undefined;
  /** The extension is not loaded, or the service user may not set the attribute. */
  #unusable = false;

  /** @param log is told once when the service user lacks the right; ports are then left as they are. */
  constructor(readonly neutron: NeutronClient, readonly auth: KeystoneAuth, readonly log: Log) {}

  /** Follows states that were reported. Resolves to errors by port. */
  async apply(
    updates: readonly PortUpdate[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const failed = new Map<string, unknown>();
    try {
      const down = await (this.#down ??= this.#load(signal));
      for (const update of updates) {
        if (this.#unusable) break;
        await this.#follow(update, down).catch((error) => failed.set(update.port, error));
      }
    } catch (error) {
      this.#down = undefined;
      for (const { port } of updates) failed.set(port, error);
    }
    return failed;
  }

  /** Ports whose attribute is DOWN, as far as this term has read and set it. @throws Neutron does not tell. */
  async leftDown(signal: AbortSignal): Promise<ReadonlySet<string>> {
    try {
      return await (this.#down ??= this.#load(signal));
    } catch (error) {
      this.#down = undefined;
      throw error;
    }
  }

  async #follow(update: PortUpdate, down: Set<string>): Promise<void> {
    const isDown = update.status === "ERROR";
    if (!isDown && !down.has(update.port)) return;
    try {
      if (!await this.#set(update, isDown ? "DOWN" : "ACTIVE")) return;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return this.#giveUp(error);
    }
    if (isDown) down.add(update.port);
    else down.delete(update.port);
  }

  #giveUp(error: unknown): void {
    if (this.#unusable) return;
    this.#unusable = true;
    this.log.warn(
      "ports in error are reported as down only: Neutron refuses the service user " +
        "update_port:data_plane_status",
      { error },
    );
  }

  /** Reads which ports an earlier term left DOWN: all ports, since Neutron has no filter for that. */
  async #load(signal: AbortSignal): Promise<Set<string>> {
    const down = new Set<string>();
    const url = `${this.neutron.config.neutronUrl}/v2.0/extensions/data-plane-status`;
    try {
      await this.auth.fetch(url, signal, discard);
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#unusable = true;
      return down;
    }
    for await (
      const { items } of this.neutron.pages("ports", portSchema, signal, { fields: FIELDS })
    ) {
      for (const port of items) if (port.data_plane_status === "DOWN") down.add(port.id);
    }
    return down;
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
      if (isMissing(error)) return false;
      throw error;
    }
  }
}
