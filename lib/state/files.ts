/**
 * Small files in the state directory, for what is too large for the KV file: written whole, beside
 * their place and then moved there, so that a reader sees the old or the new one and never half.
 * What is read is validated; a file that is missing, too large or of another shape counts as absent.
 *
 * @module
 */
import type { z } from "zod";
import { parseJson } from "../base/json.ts";

/** Nothing that is written here is larger, bytes. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * Writes a JSON file, replacing the one that is there, and makes its folder; `path` is absolute. Each file has one writer.
 *
 * @throws when the value is larger than {@linkcode MAX_FILE_BYTES} or the directory is not writable.
 */
export async function writeStateFile(path: string, value: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  if (bytes.length > MAX_FILE_BYTES) throw new Error(`${path} would have ${bytes.length} bytes`);
  const beside = `${path}.new`;
  try {
    await Deno.writeFile(beside, bytes, { mode: 0o600 }).catch(async (error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
      await Deno.writeFile(beside, bytes, { mode: 0o600 });
    });
    await Deno.rename(beside, path);
  } catch (error) {
    await Deno.remove(beside).catch(() => {});
    throw error;
  }
}

/** The value in a file, or null. */
export async function readStateFile<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    if ((await Deno.stat(path)).size > MAX_FILE_BYTES) return null;
    const parsed = schema.safeParse(parseJson(await Deno.readTextFile(path)));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
