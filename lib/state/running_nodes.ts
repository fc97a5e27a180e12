/**
 * The nodes that run on this machine, as far as this user may know: those whose state directory is in a usual
 * place or is pointed to, and is locked.
 *
 * @module
 */
import { isLocked, LOCK_FILE } from "./directory_lock.ts";
import { type NodeRecord, pointedDirectories, readNodeRecord } from "./node_record.ts";

/** A node that runs. */
export interface RunningNode {
  /** Absolute. */
  readonly stateDir: string;
  /** What it tells of itself; null: nothing, as where its disk is full. */
  readonly record: NodeRecord | null;
}

/** What was found. */
export interface FoundNodes {
  readonly running: readonly RunningNode[];
  /** State directories of other users, where a node may run. */
  readonly unreadable: readonly string[];
}

/** Where to look. */
export interface NodePlaces {
  /** State directory when nothing else is said. */
  readonly usual: string;
  /** Directory of pointers. */
  readonly pointers: string | null;
  /** Directory in which a service manager makes state directories, such as `/var/lib`. */
  readonly services: string | null;
}

/** What the state directories of services begin with. */
const SERVICE = "calico-conductor";

/** The nodes of all places, the one in the usual place first. */
export async function findNodes({ usual, pointers, services }: NodePlaces): Promise<FoundNodes> {
  const candidates = [
    usual,
    ...await pointedDirectories(pointers),
    ...await serviceDirectories(services),
  ];
  const running = new Map<string, RunningNode>();
  const unreadable = new Set<string>();
  for (const stateDir of candidates) {
    const found = await lookAt(stateDir);
    if (found === "unreadable") unreadable.add(stateDir);
    else if (found) running.set(found.stateDir, found);
  }
  return { running: [...running.values()], unreadable: [...unreadable] };
}

/** The node of that state directory; null: none runs there. */
export async function lookAt(stateDir: string): Promise<RunningNode | "unreadable" | null> {
  try {
    if (!await isLocked(`${stateDir}/${LOCK_FILE}`)) return null;
    const path = await Deno.realPath(stateDir);
    return { stateDir: path, record: await readNodeRecord(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null; // it has just gone
    return "unreadable";
  }
}

async function serviceDirectories(services: string | null): Promise<string[]> {
  const found: string[] = [];
  if (services === null) return found;
  try {
    for await (const { name } of Deno.readDir(services)) {
      if (name.startsWith(SERVICE)) found.push(`${services}/${name}`);
    }
  } catch { /* not of this system */ }
  return found.sort();
}
