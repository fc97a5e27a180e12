/** Nova's external events: telling it that a port is ready at a migration's target. @module */
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
    const response = await this.auth.fetch(`${this.novaUrl}/os-server-external-events`, signal, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ events: [event] }),
    });
    await response.body?.cancel();
  }
}
