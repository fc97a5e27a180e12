/**
 * The public keys of a node's runs, in a file of the state directory that the supervisor alone may write: commands
 * find there whose seals count, and the manager what its predecessors have sealed.
 *
 * @module
 */
import { z } from "zod";
import { readStateFile, writeStateFile } from "./files.ts";
import { makeKeyPair, type SealKeys, sealKeysSchema } from "./seal.ts";

const FILE = "seals.json";
/** Runs that are remembered: one that won a term is rarely followed by several that won none. */
const MAX_RUNS = 8;

const fileSchema = sealKeysSchema.pick({ trusted: true });

/** What the processes of one run of the supervisor are told of seals. */
export interface NodeSeals {
  /** To the one that seals. */
  readonly manager: SealKeys;
  readonly others: SealKeys;
}

/** Makes the keys of a run. @throws when the directory is not writable. */
export async function beginSeals(stateDir: string): Promise<NodeSeals> {
  const earlier = await readStateFile(`${stateDir}/${FILE}`, fileSchema);
  const { open, secret } = await makeKeyPair();
  const trusted = [open, ...earlier?.trusted ?? []].slice(0, MAX_RUNS);
  await writeStateFile(`${stateDir}/${FILE}`, { trusted } satisfies z.infer<typeof fileSchema>);
  return { manager: { trusted, secret }, others: { trusted } };
}

/** What a command or tool may know; null: no node has run with that directory. */
export function readSealKeys(stateDir: string): Promise<SealKeys | null> {
  return readStateFile(`${stateDir}/${FILE}`, fileSchema);
}
