/**
 * What a role writes, line by line: log records as JSON on standard output, anything else (a crash's
 * stack trace) as plain text. Lines are bounded, so that a role cannot fill the supervisor's memory.
 *
 * @module
 */
import { z } from "zod";
import { parseJson } from "../base/json.ts";
import type { LogEntry } from "../base/log.ts";

const MAX_LINE = 64 * 1024;
// deno-lint-ignore no-control-regex -- terminal colour sequences start with ESC
const ANSI = /\x1b\[[0-9;]*m/g;

const entrySchema = z.object({
  time: z.string(),
  level: z.string(),
  role: z.string(),
  pid: z.number(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
});

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

/** The log record in a line, or null when the line is something else. */
export function parseEntry(line: string): LogEntry | null {
  if (!line.startsWith("{")) return null;
  const parsed = entrySchema.safeParse(parseJson(line));
  return parsed.success ? parsed.data : null;
}
