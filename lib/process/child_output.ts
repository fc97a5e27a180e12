/**
 * What a child writes, line by line: log records as JSON on standard output, anything else (a crash's
 * stack trace) as plain text. Lines are bounded, so that a child cannot fill its parent's memory.
 *
 * Which lines of its standard error are Deno's own is judged here and nowhere else: that it loads modules,
 * an uncaught error, the frames of its stack.
 *
 * @module
 */
import { z } from "zod";
import { parseJson } from "../base/json.ts";
import type { LogEntry } from "../base/log.ts";

const MAX_LINE = 64 * 1024;
// deno-lint-ignore no-control-regex -- terminal colour sequences start with ESC
const ANSI = /\x1b\[[0-9;]*m/g;

/** A log record as the supervisor passes it on; its fields are secret-free. */
export const logRecordSchema = z.object({
  /** RFC 3339, UTC, milliseconds. */
  time: z.string(),
  level: z.string(),
  role: z.string(),
  pid: z.number(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
});

/** What a role says itself in a record. When, who and which process it is, its supervisor knows. */
export type Said = Pick<LogEntry, "level" | "message" | "fields">;

const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MAX_FIELDS = 64;
const saidSchema = logRecordSchema.pick({ message: true, fields: true }).extend({
  level: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).catch("INFO"),
  fields: logRecordSchema.shape.fields.transform(checkedFields),
});

/** Fields whose names are names, the first of them; of the others only how many there are. */
function checkedFields(fields: LogEntry["fields"]): LogEntry["fields"] {
  const all = Object.entries(fields);
  const right = all.filter(([name]) => FIELD_NAME.test(name)).slice(0, MAX_FIELDS);
  const left = all.length - right.length;
  return Object.fromEntries(left > 0 ? [...right, ["fieldsLeftOut", left]] : right);
}

/** The lines of a stream, without their ends and terminal colours, cut at 64 Ki characters. */
export async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TransformStream)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!.slice(0, MAX_LINE);
    for (const part of parts) yield part.slice(0, MAX_LINE).replaceAll(ANSI, "");
  }
  if (rest !== "") yield rest.replaceAll(ANSI, "");
}

/** What a role says in a line, or null when the line is no record. */
export function parseRecord(line: string): Said | null {
  if (!line.startsWith("{")) return null;
  const parsed = saidSchema.safeParse(parseJson(line));
  return parsed.success ? parsed.data : null;
}

/** The error that a line tells, as Deno and our tools begin it; null when it tells none. */
export function errorOf(line: string): string | null {
  return line.startsWith("error:") ? line.slice("error:".length).trim() : null;
}

/** Whether the line says nothing: empty, or that Deno loads or checks a module. */
export function isNoise(line: string): boolean {
  return line.trim() === "" || /^(Download|Check|Initialize) /.test(line);
}

/** Whether the line is a frame of a stack. */
export function isStackFrame(line: string): boolean {
  return /^\s+at /.test(line);
}
