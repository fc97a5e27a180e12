/**
 * Nova's external events, by which it is told that a port is ready at a migration's destination. The answer
 * has a code for each event; its own is 200 when all were taken, 207 when some were not, and 404 when Nova
 * found none of the servers. Source: Nova's API reference, "Run Events".
 *
 * @module
 */
import { z } from "zod";
import { OpenstackError, readJson } from "./http.ts";
import type { KeystoneAuth } from "./keystone.ts";

const answerSchema = z.object({
  events: z.array(z.object({
    code: z.number(),
    server_uuid: z.string().optional(),
    tag: z.string().nullish(),
  })),
});

/** What became of an event; `refused` says why Nova will never take it. */
export type EventOutcome = { readonly taken: true } | { readonly refused: string };

/** The server is being scheduled and has no host yet. */
const NO_HOST = 422;

/** Sends external events. */
export class NovaClient {
  /** @param novaUrl with the version */
  constructor(readonly novaUrl: string, readonly auth: KeystoneAuth) {}

  /**
   * Sends `network-vif-plugged` for one server and port.
   *
   * @throws {OpenstackError} Nova cannot take it now; a later try may succeed.
   */
  async networkVifPlugged(
    serverId: string,
    portId: string,
    signal: AbortSignal,
  ): Promise<EventOutcome> {
    const event = {
      name: "network-vif-plugged",
      server_uuid: serverId,
      tag: portId,
      status: "completed",
    };
    const url = `${this.novaUrl}/os-server-external-events`;
    let answer: unknown;
    try {
      answer = await this.auth.fetch(url, signal, readJson, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ events: [event] }),
      });
    } catch (error) {
      if (error instanceof OpenstackError && error.status === 404) return UNKNOWN;
      throw error;
    }
    return outcomeOf(answer, serverId, portId, url);
  }
}

const UNKNOWN = { refused: "Nova does not know the server" };

function outcomeOf(answer: unknown, serverId: string, portId: string, url: string): EventOutcome {
  const parsed = answerSchema.safeParse(answer);
  const code = parsed.data?.events.find(({ server_uuid, tag }) =>
    (server_uuid ?? serverId) === serverId && (tag ?? portId) === portId
  )?.code;
  if (code === undefined) {
    throw new OpenstackError(`${url} did not say what became of the event`, 200);
  }
  if (code >= 200 && code < 300) return { taken: true };
  if (code === 404) return UNKNOWN;
  if (code === NO_HOST || code >= 500) {
    throw new OpenstackError(`${url} did not take the event: ${code}`, code);
  }
  return { refused: `Nova refused the event with ${code}` };
}
