/**
 * How many endpoints each host has, as the resource syncer knows after its runs: that process has all keys in
 * memory, and the agent status watcher asks for hosts that have endpoints and no Felix.
 *
 * @module
 */
import { z } from "zod";
import { FOLDERS } from "../process/state_files.ts";
import { readStateFile, writeStateFile } from "../state/files.ts";
import { MAX_NAME_CHARS } from "./names.ts";

/** Hosts that the file holds at most. */
export const MAX_ENDPOINT_HOSTS = 20_000;
/** A file that is older says nothing any more, ms: it is renewed after resyncs, which may be hours apart. */
const OLD_MS = 6 * 3_600_000;
const FILE = `${FOLDERS.resources}/endpoint-hosts.json`;

const endpointHostsSchema = z.object({
  /** When it was written, ms since the epoch. */
  at: z.number(),
  /** The term in which it was: what an earlier one knew is over. */
  term: z.string(),
  /** Hosts with the number of their endpoints. */
  hosts: z.array(z.tuple([z.string().max(MAX_NAME_CHARS), z.number().int().positive()]))
    .max(MAX_ENDPOINT_HOSTS),
});
export type EndpointHosts = z.infer<typeof endpointHostsSchema>;

/** Replaces the file. @throws the directory is not writable. */
export function writeEndpointHosts(stateDir: string, file: EndpointHosts): Promise<void> {
  return writeStateFile(`${stateDir}/${FILE}`, file);
}

/** Reads the file again when it has changed; one for each term. */
export class EndpointHostsReader {
  #readAt: number | null = null;
  #hosts: ReadonlyMap<string, number> | null = null;
  #writtenAt = -Infinity;

  constructor(readonly stateDir: string, readonly term: string) {}

  /** Endpoints by host; null: not known in this term, or no longer. @throws the file cannot be read. */
  async read(now: number): Promise<ReadonlyMap<string, number> | null> {
    const path = `${this.stateDir}/${FILE}`;
    const changedAt = (await Deno.stat(path).catch(() => null))?.mtime?.getTime() ?? null;
    if (changedAt !== this.#readAt || changedAt === null) {
      const file = await readStateFile(path, endpointHostsSchema);
      this.#hosts = file?.term === this.term ? new Map(file.hosts) : null;
      this.#writtenAt = file?.at ?? -Infinity;
      this.#readAt = changedAt;
    }
    return Math.abs(now - this.#writtenAt) > OLD_MS ? null : this.#hosts;
  }
}
