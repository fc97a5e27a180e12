/** Nova's external events: telling it that a port is ready at a migration's target. @module */
import { discard } from "./http.ts";
import type { KeystoneAuth } from "./keystone.ts";

/** Sends external events; without a URL it sends none. */
export class NovaClient {
  constructor(readonly novaUrl: string | null, readonly auth: KeystoneAuth) {}

  /** `network-vif-plugged` for one server and port. @throws {OpenstackError} Nova refuses. */
  async networkVifPlugged(serverId: string, portId: string, signal: AbortSignal): Promise<void> {
    if (this.novaUrl === null) return;
    const event = {
      name: "network-vif-plugged",
      server_uuid: serverId,
      tag: portId,
      status: "completed",
    };
    const url = `${this.novaUrl}/os-server-external-events`;
    await this.auth.fetch(url, signal, discard, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ events: [event] }),
    });
  }
}
