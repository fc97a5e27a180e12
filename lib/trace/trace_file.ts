/** What the last trace has found, in a file of the state directory for whoever asked. @module */
import { z } from "zod";
import { FOLDERS } from "../process/state_files.ts";
import { readStateFile, writeStateFile } from "../state/files.ts";
import { type Trace, traceSchema } from "./trace.ts";

const FILE = `${FOLDERS.resources}/trace.json`;

const traceFileSchema = z.object({
  /** Of the request. */
  id: z.string(),
  trace: traceSchema,
});

/** Replaces the file. @throws the directory is not writable, or the trace is larger than a file may be. */
export async function writeTraceFile(stateDir: string, id: string, trace: Trace): Promise<void> {
  await writeStateFile(`${stateDir}/${FILE}`, { id, trace });
}

/** What was found for that request; null: nothing, or something else was asked for since. */
export async function readTraceFile(stateDir: string, id: string): Promise<Trace | null> {
  const found = await readStateFile(`${stateDir}/${FILE}`, traceFileSchema);
  return found?.id === id ? found.trace : null;
}
