/**
 * What a resync found to differ, object by object, for people: the first of them, cut to what a page
 * can show, in a file of the state directory that goes when the resync leaves the history. Only the
 * first {@linkcode MAX_OBJECTS} are looked at, so that a first resync of a large cloud costs no more.
 *
 * @module
 */
import { z } from "zod";
import { clip } from "../clip.ts";
import type { JobContext } from "../master_context.ts";
import { readStateFile, writeStateFile } from "../state_files.ts";
import type { Change, Stored } from "./compare.ts";
import { changeLines } from "./dry_run.ts";

/** Objects that are kept of one resync. */
export const MAX_OBJECTS = 500;
const MAX_LINES = 60;
const MAX_LINE_CHARS = 240;
/** Of all lines together. */
const MAX_CHARS = 500_000;
const FOLDER = "differences";

/** One object that differed when it was compared. */
export const differenceSchema = z.object({
  action: z.enum(["create", "update", "delete"]),
  kind: z.string(),
  key: z.string(),
  /** Neutron's object. */
  subject: z.object({ type: z.enum(["port", "group", "subnet"]), id: z.string() }),
  /** "- " what etcd held, "+ " what it holds now; lines that stay are left out. */
  lines: z.array(z.string()).max(MAX_LINES),
  /** Lines that did not fit. */
  cut: z.number().int().nonnegative(),
});
export type Difference = z.infer<typeof differenceSchema>;

/** All that is kept of one resync. */
export const differencesSchema = z.object({
  id: z.string(),
  /** Differences that were found; the first of them follow. */
  total: z.number().int().nonnegative(),
  objects: z.array(differenceSchema).max(MAX_OBJECTS),
});
export type Differences = z.infer<typeof differencesSchema>;

/** Collects them while a resync runs. */
export class DifferenceLog {
  readonly objects: Difference[] = [];
  total = 0;
  #chars = 0;

  add({ action, kind, key, subject, value }: Change, stored: Stored | undefined): void {
    this.total++;
    if (this.objects.length >= MAX_OBJECTS || this.#chars >= MAX_CHARS) return;
    const all = changeLines({ value }, stored);
    const lines = all.slice(0, MAX_LINES).map((line) => clip(line, MAX_LINE_CHARS));
    this.#chars += lines.reduce((sum, line) => sum + line.length, 0);
    const { type, id } = subject;
    this.objects.push({
      action,
      kind,
      key: clip(key, 500),
      subject: { type, id: clip(id, 100) },
      lines,
      cut: all.length - lines.length,
    });
  }

  /** Writes the file of resync `id`, and removes those of resyncs that are no longer `known`. */
  async save(
    stateDir: string,
    id: string,
    known: readonly string[],
    { log }: Pick<JobContext, "log">,
  ): Promise<void> {
    if (this.total === 0) return;
    try {
      const folder = `${stateDir}/${FOLDER}`;
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      await writeStateFile(fileOf(stateDir, id), { id, total: this.total, objects: this.objects });
      const names = new Set([id, ...known].map((each) => `${each}.json`));
      for await (const { name } of Deno.readDir(folder)) {
        if (!names.has(name)) await Deno.remove(`${folder}/${name}`);
      }
    } catch (error) {
      log.warn("the differences of a resync cannot be kept for the page", { error });
    }
  }
}

/** What is kept of a resync; null: nothing differed, or it has left the history. */
export function readDifferences(stateDir: string, id: string): Promise<Differences | null> {
  return readStateFile(fileOf(stateDir, id), differencesSchema);
}

function fileOf(stateDir: string, id: string): string {
  if (!/^[a-z0-9]{1,20}$/.test(id)) throw new Error("not the id of a resync");
  return `${stateDir}/${FOLDER}/${id}.json`;
}
