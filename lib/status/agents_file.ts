/**
 * All Felix agents, and hosts that have none, for the page that lists them. They are in a file of their own in the state directory,
 * because 5,000 of them do not fit into a value of the KV file. The watcher writes the file every few
 * seconds; whoever reads it sorts, filters and pages.
 *
 * @module
 */
import { z } from "zod";
import { absentSchema, agentSchema } from "../state/records.ts";
import { FOLDERS } from "../process/state_files.ts";
import { readStateFile, writeStateFile } from "../state/files.ts";

/** Agents that the file holds at most: the stalest. */
export const MAX_AGENTS = 20_000;
/** Hosts without a status that it holds beside them at most. */
export const MAX_ABSENT = 5000;
const FILE = `${FOLDERS.agents}/agents.json`;

/** What the file holds. */
const agentsFileSchema = z.object({
  /** When it was written, ms since the epoch. */
  at: z.number(),
  /** Agents that are known; the list holds the stalest of them. */
  total: z.number().int().nonnegative(),
  /** Hosts without a status; left out: not known. The list begins with them. */
  absent: z.number().int().nonnegative().optional(),
  stranded: absentSchema.shape.stranded.optional(),
  agents: z.array(agentSchema).max(MAX_ABSENT + MAX_AGENTS),
});
export type AgentsFile = z.infer<typeof agentsFileSchema>;

/** Replaces the file. @throws the directory is not writable. */
export function writeAgentsFile(stateDir: string, file: AgentsFile): Promise<void> {
  return writeStateFile(`${stateDir}/${FILE}`, file);
}

/** What the file holds; null: this node has not been master yet. */
export function readAgentsFile(stateDir: string): Promise<AgentsFile | null> {
  return readStateFile(`${stateDir}/${FILE}`, agentsFileSchema);
}
