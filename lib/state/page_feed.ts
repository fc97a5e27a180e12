/**
 * What the supervisor tells the page's process over its standard input, after the configuration: the
 * log records of all processes, what each may do, and the effective configuration without its secrets,
 * one JSON message a line. The supervisor sees all
 * of it anyway, it is too much for the KV file, and this way the page's process needs no further permission.
 *
 * The last records of each process are kept and told again when the page's process is restarted. One
 * that reads too slowly misses records; the supervisor never waits for it.
 *
 * @module
 */
import { z } from "zod";
import { clip } from "../base/clip.ts";
import { formatJson, type LogEntry } from "../base/log.ts";
import { Ring } from "../base/ring.ts";
import { type EffectiveRow, effectiveRowSchema } from "../config/effective_rows.ts";
import { logRecordSchema } from "../process/child_output.ts";
import { KINDS, type PermissionRow } from "../process/grants.ts";

/** Records kept of each process. */
export const MAX_RECORDS = 300;
const MAX_RECORD_CHARS = 4000;
/** Lines that wait for a slow reader. */
const MAX_WAITING = 3000;
const MAX_BATCH = 200;

const list = z.array(z.string());
const lists = Object.fromEntries(KINDS.map((kind) => [kind, list]));
/** A row of the permission table. */
export const permissionRowSchema = z.object(lists as Record<typeof KINDS[number], typeof list>);

export type LogRecord = z.infer<typeof logRecordSchema>;

/** One message. */
export const pageFeedMessageSchema = z.union([
  z.object({ log: logRecordSchema }),
  z.object({ permissions: z.record(z.string(), permissionRowSchema) }),
  z.object({ configuration: z.array(effectiveRowSchema).max(200) }),
]);

/** Writes a line, without its end, to the page's process; rejects when it is gone. */
export type WriteLine = (line: string) => Promise<void>;

/** The sending end. */
export class PageFeed {
  readonly #rings = new Map<string, Ring<string>>();
  #waiting = new Ring<string>(MAX_WAITING);
  #write: WriteLine | null = null;
  #sending = false;

  #permissions: Readonly<Record<string, PermissionRow>> = {};
  #configuration: readonly EffectiveRow[] = [];

  /** Tells the configuration that is in force. */
  configure(configuration: readonly EffectiveRow[]): void {
    this.#configuration = configuration;
    if (this.#write) this.#tell(JSON.stringify({ configuration }));
  }

  /** Tells the row of each process, by name. */
  permit(permissions: Readonly<Record<string, PermissionRow>>): void {
    this.#permissions = permissions;
    if (this.#write) this.#tell(JSON.stringify({ permissions }));
  }

  /** Notes a record and tells it. */
  add(entry: LogEntry): void {
    const line = `{"log":${bounded(entry)}}`;
    let ring = this.#rings.get(entry.role);
    if (!ring) this.#rings.set(entry.role, ring = new Ring(MAX_RECORDS));
    ring.push(line);
    if (this.#write) this.#tell(line);
  }

  /** A new process of the page reads from here on, in place of an earlier one. */
  attach(write: WriteLine): void {
    this.#waiting = new Ring(MAX_WAITING);
    this.#waiting.push(JSON.stringify({ permissions: this.#permissions }));
    this.#waiting.push(JSON.stringify({ configuration: this.#configuration }));
    for (const ring of this.#rings.values()) for (const line of ring) this.#waiting.push(line);
    this.#write = write;
    this.#send(write);
  }

  #tell(line: string): void {
    this.#waiting.push(line);
    if (!this.#sending && this.#write) this.#send(this.#write);
  }

  async #send(write: WriteLine): Promise<void> {
    this.#sending = true;
    try {
      while (this.#write === write && this.#waiting.size > 0) {
        await write(this.#waiting.take(MAX_BATCH).join("\n"));
      }
    } catch {
      if (this.#write === write) this.#write = null; // it is gone; the next one attaches
    } finally {
      if (this.#write === write || this.#write === null) this.#sending = false;
    }
  }
}

function bounded(entry: LogEntry): string {
  const text = formatJson(entry);
  if (text.length <= MAX_RECORD_CHARS) return text;
  const message = clip(entry.message, MAX_RECORD_CHARS / 2);
  return formatJson({ ...entry, message, fields: { cut: "the rest is in the log" } });
}
