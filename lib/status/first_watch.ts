/** Whether an endpoint status watcher is the first of its term on this node. @module */
import { z } from "zod";
import { FOLDERS } from "../process/state_files.ts";
import { readStateFile, writeStateFile } from "../state/files.ts";

const FILE = `${FOLDERS.ports}/watched.json`;
const watchedSchema = z.object({ term: z.string() });

/**
 * Notes that a watcher of that term begins; true: none has before it. Of what an earlier one has reported nobody
 * knows any more.
 *
 * @throws the folder is not writable.
 */
export async function isFirstWatch(stateDir: string, term: string): Promise<boolean> {
  const path = `${stateDir}/${FILE}`;
  const before = await readStateFile(path, watchedSchema);
  if (before?.term === term) return false;
  await writeStateFile(path, { term });
  return true;
}
