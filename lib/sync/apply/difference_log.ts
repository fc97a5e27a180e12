/**
 * What a resync found to differ, object by object, for people and machines: the first of them, cut to what
 * a page can show, in a file of the state directory. Only so many are looked at, so that a first resync of
 * a large cloud costs no more.
 *
 * A resync of the history has a file that goes with it; the one that was asked for last has another, in
 * which there is room for more.
 *
 * @module
 */
import { z } from "zod";
import { clip } from "../../base/clip.ts";
import type { JobContext } from "../../role/master_context.ts";
import { FOLDERS } from "../../process/state_files.ts";
import { readStateFile, writeStateFile } from "../../state/files.ts";
import type { Change, Stored } from "../model/compare.ts";
import { changeLines } from "./change_lines.ts";
import { changeSchema, jsonChanges } from "./json_changes.ts";

/** How much is kept: objects, and bytes of all of them. */
export interface DifferenceBounds {
  readonly objects: number;
  readonly bytes: number;
}
/** Of a resync of the history. */
export const HISTORY_BOUNDS: DifferenceBounds = { objects: 500, bytes: 1_250_000 };
/** Of a dry run that was asked for. */
export const DRY_RUN_BOUNDS: DifferenceBounds = { objects: 2000, bytes: 3_000_000 };

const MAX_LINES = 60;
const MAX_LINE_CHARS = 240;
const MAX_KEY_CHARS = 500;
const MAX_ID_CHARS = 100;
const OWN = FOLDERS.resources;
const FOLDER = `${OWN}/differences`;
/** Files of what was asked for last, and of the last dry run as a readable diff, in the state directory. */
const ASKED = `${OWN}/resync.json`;
const DIFF = `${OWN}/resync.diff`;

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
  /** The same place by place. */
  changes: z.array(changeSchema).default([]),
  /** Places that did not fit. */
  moreChanges: z.number().int().nonnegative().default(0),
});
export type Difference = z.infer<typeof differenceSchema>;

/** All that is kept of one resync. */
export const differencesSchema = z.object({
  id: z.string(),
  /** Differences that were found; the first of them follow. */
  total: z.number().int().nonnegative(),
  objects: z.array(differenceSchema).max(DRY_RUN_BOUNDS.objects),
});
export type Differences = z.infer<typeof differencesSchema>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Collects them while a resync runs. */
export class DifferenceLog {
  readonly objects: Difference[] = [];
  total = 0;
  /** Of all that are kept, as JSON. */
  bytes = 0;

  constructor(readonly bounds: DifferenceBounds = HISTORY_BOUNDS) {}

  add({ action, kind, key, subject, value }: Change, stored: Stored | undefined): void {
    this.total++;
    if (this.objects.length >= this.bounds.objects || this.bytes >= this.bounds.bytes) return;
    const all = changeLines({ value }, stored);
    const lines = all.slice(0, MAX_LINES).map((line) => clip(line, MAX_LINE_CHARS));
    const before = stored ? decoder.decode(stored.value) : null;
    const { changes, more } = jsonChanges(before, value);
    const difference = {
      action,
      kind,
      key: clip(key, MAX_KEY_CHARS),
      subject: { type: subject.type, id: clip(subject.id, MAX_ID_CHARS) },
      lines,
      cut: all.length - lines.length,
      changes,
      moreChanges: more,
    };
    this.bytes += encoder.encode(JSON.stringify(difference)).length;
    this.objects.push(difference);
  }

  /** What is kept, as of resync or request `id`. */
  of(id: string): Differences {
    return { id, total: this.total, objects: this.objects };
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
      await writeStateFile(fileOf(stateDir, id), this.of(id));
      const names = new Set([id, ...known].map((each) => `${each}.json`));
      for await (const { name } of Deno.readDir(folder)) {
        if (!names.has(name)) await Deno.remove(`${folder}/${name}`);
      }
    } catch (error) {
      log.warn("the differences of a resync cannot be kept for the page", { error });
    }
  }

  /** Writes the file of the request `id`, in the place of that of the last one. */
  async saveAsked(stateDir: string, id: string): Promise<void> {
    await writeStateFile(`${stateDir}/${ASKED}`, this.of(id));
  }
}

/** What is kept of a resync; null: nothing differed, or it has left the history. */
export function readDifferences(stateDir: string, id: string): Promise<Differences | null> {
  return readStateFile(fileOf(stateDir, id), differencesSchema);
}

/** What is kept of a resync in which one of the names occurs; null: in none of what is kept. */
export async function readDifferencesNaming(
  stateDir: string,
  id: string,
  names: readonly string[],
): Promise<Differences | null> {
  // Looking for a name costs far less than parsing.
  const text = await Deno.readTextFile(fileOf(stateDir, id)).catch(() => "");
  return names.some((name) => text.includes(name)) ? await readDifferences(stateDir, id) : null;
}

/** What was found for the request `id`; null: nothing is kept of it, or something else was asked for since. */
export async function readAsked(stateDir: string, id: string): Promise<Differences | null> {
  const found = await readStateFile(`${stateDir}/${ASKED}`, differencesSchema);
  return found?.id === id ? found : null;
}

/** Writes the diff of a dry run, in the place of that of the last one. */
export async function saveDiff(stateDir: string, text: string): Promise<void> {
  await Deno.mkdir(`${stateDir}/${OWN}`, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${stateDir}/${DIFF}`, text, { mode: 0o600 });
}

/** The diff of the last dry run; null: there is none. */
export function readDiff(stateDir: string): Promise<string | null> {
  return Deno.readTextFile(`${stateDir}/${DIFF}`).catch(() => null);
}

function fileOf(stateDir: string, id: string): string {
  if (!/^[a-z0-9]{1,20}$/.test(id)) throw new Error("not the id of a resync");
  return `${stateDir}/${FOLDER}/${id}.json`;
}
