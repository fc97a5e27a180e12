/**
 * Live migrations that lead nowhere: `migrating_to` has stood for long, and the host that it names gives no
 * status. Neutron keeps it until somebody clears it, and the port's endpoint waits for its destination. Pure.
 *
 * @module
 */
import { z } from "zod";
import { parseJson } from "../base/json.ts";
import type { Absent } from "../state/records.ts";
import type { EndpointId } from "./felix_status.ts";
import { clipNames } from "./names.ts";

/** A migration has stood for long after this, ms: those of large servers take most of an hour. */
export const LONG_MIGRATION_MS = 2 * 3_600_000;
const MAX_FOLLOWED = 20_000;
const MAX_SHOWN = 20;

const createdSchema = z.object({
  metadata: z.object({ creationTimestamp: z.iso.datetime({ offset: true }) }),
});
const decoder = new TextDecoder();

/** The migrations that stand now, with the time since when. */
export class StrandedMigrations {
  readonly #standing = new Map<string, { host: string; port: string; since: number }>();

  /** A migration is there, with its value in etcd, which says when it was made. */
  stands({ host, device, port }: EndpointId, value: Uint8Array, now: number): void {
    const name = nameOf({ host, device, port });
    if (!this.#standing.has(name) && this.#standing.size >= MAX_FOLLOWED) return;
    const created = createdSchema.safeParse(parseJson(decoder.decode(value))).data;
    const since = created ? Date.parse(created.metadata.creationTimestamp) : NaN;
    const known = this.#standing.get(name)?.since ?? now;
    this.#standing.set(name, { host, port, since: Number.isFinite(since) ? since : known });
  }

  ended(id: EndpointId): void {
    this.#standing.delete(nameOf(id));
  }

  /** Those that have stood for long and whose host is not served, the oldest first. */
  list(isServed: (host: string) => boolean, now: number): Absent["stranded"] {
    const found = [...this.#standing.values()]
      .filter(({ host, since }) => now - since >= LONG_MIGRATION_MS && !isServed(host))
      .sort((a, b) => a.since - b.since);
    const first = found.slice(0, MAX_SHOWN).map(({ host, port, since }) => ({
      ...clipNames({ host, port }),
      since,
    }));
    return { total: found.length, first };
  }
}

function nameOf({ host, device, port }: EndpointId): string {
  return `${host}/${device}/${port}`;
}
