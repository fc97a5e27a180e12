/**
 * A port's `data_plane_status`, Neutron's place for "the network below does not carry it", where the
 * extension `data-plane-status` is loaded: DOWN while Felix says error, ACTIVE after (null would be
 * cleaner, but Neutron 21 answers it with a 500). Only the port's
 * binding host is believed: the status that an endpoint leaves behind on another host says nothing
 * about the port.
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

/** Keeps it; one per term. */
export class DataPlaneStatus {
  /** Ports that are DOWN in this sense; undefined before the first look, null without the extension or the right. */
  #down: Promise<Set<string> | null> | undefined;

  /** @param log is told once when the service user lacks the right; ports are then left as they are. */
  constructor(readonly neutron: NeutronClient, readonly auth: KeystoneAuth, readonly log: Log) {}

  /** After these states were reported; resolves to errors by port. */
  async apply(
    updates: readonly PortUpdate[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const failed = new Map<string, unknown>();
    try {
      const down = await (this.#down ??= this.#load(signal));
      if (!down) return failed;
      for (const update of updates) {
        const wanted = update.status === "ERROR";
        if (!wanted && !down.has(update.port)) continue;
        await this.#set(update, wanted ? "DOWN" : "ACTIVE")
          .then((done) => done && (wanted ? down.add(update.port) : down.delete(update.port)))
          .catch((error) => {
            if (isForbidden(error)) this.#giveUp(error);
            else failed.set(update.port, error);
          });
        if (await this.#down === null) return failed;
      }
    } catch (error) {
      this.#down = undefined;
      for (const { port } of updates) failed.set(port, error);
    }
    return failed;
  }

  #giveUp(error: unknown): void {
    this.#down = Promise.resolve(null);
    this.log.warn(
      "ports in error are reported as down only: Neutron refuses the service user " +
        "update_port:data_plane_status",
      { error },
    );
  }

  /** Those that an earlier term left behind: Neutron has no filter for them. */
  async #load(signal: AbortSignal): Promise<Set<string> | null> {
    const url = `${this.neutron.config.neutronUrl}/v2.0/extensions/data-plane-status`;
    try {
      await this.auth.fetch(url, signal, discard);
    } catch (error) {
      if (error instanceof OpenstackError && error.status === 404) return null;
      throw error;
    }
    const down = new Set<string>();
    for await (
      const { items } of this.neutron.pages("ports", portSchema, signal, { fields: FIELDS })
    ) {
      for (const port of items) if (port.data_plane_status === "DOWN") down.add(port.id);
    }
    return down;
  }

  /** False when the port is gone or bound elsewhere. */
  async #set({ host, port }: PortUpdate, value: "DOWN" | "ACTIVE"): Promise<boolean> {
    const signal = AbortSignal.timeout(this.neutron.config.requestTimeoutMs);
    const url = `${this.neutron.config.neutronUrl}/v2.0/ports/${encodeURIComponent(port)}`;
    try {
      const found = z.object({ port: portSchema }).parse(
        await this.auth.fetch(url, signal, readJson),
      );
      if (found.port["binding:host_id"] !== host) return false;
      await this.auth.fetch(url, signal, discard, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ port: { data_plane_status: value } }),
      });
      return true;
    } catch (error) {
      if (error instanceof OpenstackError && error.status === 404) return false;
      throw error;
    }
  }
}
