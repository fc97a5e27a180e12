/**
 * Nova's external events, by which it is told that a port is ready at a migration's destination. The answer
 * has a code for each event; its own is 200 when all were taken, 207 when some were not, and 404 when Nova
 * found none of the servers. Source: Nova's API reference, "Run Events".
 *
 * @module
 */
import { z } from "zod";
import { isRefused, OpenstackError, readJson, sendJson } from "./http.ts";
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
  constructor(readonly novaUrl: string, readonly auth: Pick<KeystoneAuth, "fetch">) {}

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
    const url = `${this.novaUrl}/os-server-external-events`;
    try {
      const answer = await this.send(serverId, portId, signal, readJson);
      return outcomeOf(answer, serverId, portId, url);
    } catch (error) {
      if (isRefused(error, 404)) return UNKNOWN;
      throw error;
    }
  }

  /** Sends it; what `read` makes of the answer. @throws {OpenstackError} Nova refuses the request. */
  send<T>(
    server_uuid: string,
    tag: string,
    signal: AbortSignal,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const event = { name: "network-vif-plugged", server_uuid, tag, status: "completed" };
    const url = `${this.novaUrl}/os-server-external-events`;
    return this.auth.fetch(url, signal, read, sendJson("POST", { events: [event] }));
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
