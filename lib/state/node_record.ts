/**
 * What a running node leaves on its machine so that commands find it: `settings.json` in its state
 * directory (mode 0600) with its settings but no secret, and a pointer to that directory among the user's
 * other state, for nodes whose state directory is in no usual place.
 *
 * Neither says that a node runs: the lock of the state directory does, which ends with its holder however that
 * ended. So what a dead node has left behind counts for nothing.
 *
 * @module
 */
import { z } from "zod";
import type { Log } from "../base/log.ts";
import { recordedSettingSchema } from "../config/recorded_settings.ts";
import { readStateFile, writeStateFile } from "./files.ts";
import { isLocked, LOCK_FILE } from "./directory_lock.ts";

/** Name of the record inside the state directory. */
export const SETTINGS_FILE = "settings.json";

/** A pointer of a node that is gone is left alone for so long, ms: one that just starts may be its owner. */
const SETTLED_MS = 60_000;

const recordSchema = z.object({
  node: z.string(),
  pid: z.number(),
  version: z.string(),
  /** Where `pid` means that process. */
  place: z.object({ bootId: z.string(), pidNamespace: z.string() }),
  /** What `--config-file` and `--config-dir` name: as it was named, and as absolute paths. */
  configFiles: z.array(
    z.object({ path: z.string(), absolute: z.string(), directory: z.boolean().default(false) }),
  ),
  settings: z.array(recordedSettingSchema),
  /** What was found wrong with them, such as names that nobody reads. */
  warnings: z.array(z.string()).optional(),
});
/** What a node tells of itself. */
export type NodeRecord = z.infer<typeof recordSchema>;

const pointerSchema = z.object({ stateDir: z.string() });

/** The directory of the user's pointers; null: there is no place for them. */
export function pointerDirectory(env: Readonly<Record<string, string | undefined>>): string | null {
  return env.HOME ? `${env.HOME}/.local/state/calico-conductor/nodes` : null;
}

/** The record in a state directory, or null. */
export function readNodeRecord(stateDir: string): Promise<NodeRecord | null> {
  return readStateFile(`${stateDir}/${SETTINGS_FILE}`, recordSchema);
}

/** State directories that nodes of this user have pointed to, whether or not they run. */
export async function pointedDirectories(directory: string | null): Promise<string[]> {
  const found = await pointers(directory);
  return found.map(({ stateDir }) => stateDir).sort();
}

/** A node's announcement; disposing takes it back. The lock of the state directory must be held. */
export class Announcement implements AsyncDisposable {
  #pointer: string | null = null;
  #stateDir: string;

  /** @param directory of the pointers; null: none is left */
  constructor(
    stateDir: string,
    readonly directory: string | null,
    readonly log: Pick<Log, "warn" | "debug">,
  ) {
    this.#stateDir = stateDir;
  }

  /** Writes the record, and the pointer when there is none. What cannot be written is told in the log. */
  async publish(record: NodeRecord): Promise<void> {
    try {
      this.#stateDir = await Deno.realPath(this.#stateDir);
      await writeStateFile(`${this.#stateDir}/${SETTINGS_FILE}`, record);
    } catch (error) {
      this.log.warn("the settings cannot be recorded: commands must be given them", { error });
    }
    if (this.directory === null || this.#pointer !== null) return;
    try {
      await Deno.mkdir(this.directory, { recursive: true, mode: 0o700 });
      await this.#forgetOthers(this.directory);
      const path = `${this.directory}/${await shortName(this.#stateDir)}.json`;
      await writeStateFile(path, { stateDir: this.#stateDir });
      this.#pointer = path;
    } catch (error) {
      // As for a service user without a home: its state directory is in a usual place.
      this.log.debug("no pointer to the state directory can be left", { error });
    }
  }

  /** Removes pointers of nodes that are gone, or they would pile up. */
  async #forgetOthers(directory: string): Promise<void> {
    for (const { path, stateDir, modifiedAt } of await pointers(directory)) {
      if (Date.now() - modifiedAt < SETTLED_MS) continue;
      const locked = await isLocked(`${stateDir}/${LOCK_FILE}`).catch(() => true);
      if (!locked) await Deno.remove(path).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const paths = [this.#pointer, `${this.#stateDir}/${SETTINGS_FILE}`];
    for (const path of paths) if (path !== null) await Deno.remove(path).catch(() => {});
    this.#pointer = null;
  }
}

async function pointers(directory: string | null) {
  const found: { path: string; stateDir: string; modifiedAt: number }[] = [];
  if (directory === null) return found;
  try {
    for await (const { name, isFile } of Deno.readDir(directory)) {
      const path = `${directory}/${name}`;
      if (!isFile || !name.endsWith(".json")) continue;
      const pointer = await readStateFile(path, pointerSchema);
      if (!pointer) continue;
      const modifiedAt = (await Deno.stat(path)).mtime?.getTime() ?? 0;
      found.push({ path, stateDir: pointer.stateDir, modifiedAt });
    }
  } catch { /* there are none, or one has just gone */ }
  return found;
}

/** A file's name made of a path. */
async function shortName(path: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(path));
  const bytes = [...new Uint8Array(hash)].slice(0, 16);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
