/**
 * The state directory of a node: made when it is missing, locked so that two supervisors never share
 * it, and its KV file opened. What is in the file lasts no longer than the node's processes do, so a
 * damaged one is moved aside and a new one begun.
 *
 * @module
 */
import { describeError, type Log } from "../base/log.ts";
import { LOCK_FILE, takeLock } from "./directory_lock.ts";
import { makePrivate } from "./private_directory.ts";
import { beginSeals, type NodeSeals } from "./seal_file.ts";
import type { SealKeys } from "./seal.ts";
import { isDamaged } from "./sqlite_errors.ts";
import { KV_FILE } from "../process/state_files.ts";
import { StateStore } from "./store.ts";

/** The directory cannot be used; the message says what to do. */
export class StateDirError extends Error {
  override readonly name = "StateDirError";
}

/** A locked directory with its open store; disposing closes and unlocks. */
export interface StateDir extends Disposable {
  readonly store: StateStore;
  /** Made for this run. */
  readonly seals: NodeSeals;
}

/**
 * Makes, locks and opens the directory, for this user alone.
 *
 * @param holder what another supervisor is told: `pid 12 of node-1`
 *
 * @throws {StateDirError} it is not writable, not this user's alone, or another supervisor holds it.
 */
export async function openStateDir(path: string, holder: string, log: Log): Promise<StateDir> {
  using opened = new DisposableStack();
  opened.use(await lockDirectory(path, holder));
  const seals = await makeSeals(path);
  const store = opened.use(await openStore(path, seals.others, log));
  const all = opened.move();
  return { store, seals, [Symbol.dispose]: () => all.dispose() };
}

async function lockDirectory(path: string, holder: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    await demandPrivate(path);
    file = await openPrivate(`${path}/${LOCK_FILE}`);
  } catch (error) {
    if (error instanceof StateDirError) throw error;
    throw new StateDirError(
      `the state directory ${path} cannot be written (${describeError(error)}): ` +
        "make it writable for this user or choose another with --state-dir",
      { cause: error },
    );
  }
  if (!await takeLock(file)) {
    file.close();
    const other = (await Deno.readTextFile(`${path}/${LOCK_FILE}`).catch(() => "")).trim();
    throw new StateDirError(
      `the state directory ${path} is in use by the supervisor with ${
        other || "an unknown pid"
      }: ` +
        "stop that one first or choose another directory with --state-dir",
    );
  }
  try {
    await file.truncate(0);
    await file.write(new TextEncoder().encode(`${holder}\n`));
  } catch { /* a full disk: who holds the lock cannot be read, that it is held can */ }
  return file;
}

async function demandPrivate(path: string): Promise<void> {
  const wrong = await makePrivate(path);
  if (!wrong) return;
  throw new StateDirError(
    `the state directory ${path} ${wrong.found}: ${wrong.remedy}, or choose another with --state-dir`,
  );
}

/** A file that nobody else may read, opened as it is or made. */
async function openPrivate(path: string): Promise<Deno.FsFile> {
  return await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
}

async function makeSeals(path: string): Promise<NodeSeals> {
  try {
    return await beginSeals(path);
  } catch (error) {
    throw new StateDirError(
      `the state directory ${path} takes no file (${
        describeError(error)
      }): check the free space of ` +
        "its disk",
      { cause: error },
    );
  }
}

/** Opens the store; a file that is no database is moved aside once. */
async function openStore(path: string, keys: SealKeys, log: Log): Promise<StateStore> {
  try {
    return await probe(path, keys);
  } catch (error) {
    if (!isDamaged(error)) {
      throw new StateDirError(
        `the file ${path}/${KV_FILE} cannot be opened (${describeError(error)}): ` +
          "check its owner and the free space of its disk",
        { cause: error },
      );
    }
    const aside = `${KV_FILE}.damaged`;
    for (const suffix of ["", "-wal", "-shm"]) {
      await Deno.rename(`${path}/${KV_FILE}${suffix}`, `${path}/${aside}${suffix}`).catch(() => {});
    }
    log.warn("the state file was damaged; it is moved aside and a new one begun", {
      path: `${path}/${aside}`,
      error,
    });
    return await probe(path, keys);
  }
}

async function probe(path: string, keys: SealKeys): Promise<StateStore> {
  // SQLite gives a database's rights to the files beside it; what is empty is a new database.
  (await openPrivate(`${path}/${KV_FILE}`)).close();
  const store = await StateStore.open(path, keys);
  try {
    await store.readMastership();
    await store.writeMastership(null);
    return store;
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}
