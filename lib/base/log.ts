/**
 * Structured logging on `@std/log`: a constant message and fields, never a value inside the message.
 * A role writes each record as one JSON line on its standard output; the supervisor reads those and
 * prints one stream for all roles, for people or for machines. Only entry points call
 * {@linkcode setupLogging}; `lib/` receives a {@linkcode Log}.
 *
 * Fields whose name says that they are secret are never written.
 *
 * @module
 */
import { clip } from "./clip.ts";
import { escapeControls } from "./escape_controls.ts";
import { BaseHandler, getLogger, type LevelName, LogLevels, type LogRecord, setup } from "@std/log";

/** Values beside the message; `Error`s are written as their message and causes. */
export type Fields = Record<string, unknown>;

/** What code logs with. */
export interface Log {
  /** For whoever looks for a cause. */
  debug(message: string, fields?: Fields): void;
  /** What happened. */
  info(message: string, fields?: Fields): void;
  /** To be looked at when there is time: it heals by itself, or does without. */
  warn(message: string, fields?: Fields): void;
  /** Somebody must act, or it stays as it is. */
  error(message: string, fields?: Fields): void;
}

/** Levels that can be configured. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** Level below which nothing is written. */
export type LogLevelOption = typeof LOG_LEVELS[number];

/** One record; of a role's, the supervisor says time, role and pid, whatever the role has written. */
export interface LogEntry {
  /** RFC 3339, UTC, milliseconds. */
  time: string;
  level: string;
  role: string;
  pid: number;
  message: string;
  fields: Fields;
}

/** How the one stream is printed. */
export type LogFormat = "text" | "json";

const SECRET = /pass(word)?$|secret|token$|credential|authorization|private_?key$/i;
const MAX_TEXT = 4096;

/**
 * An error with its causes, on one line and without a stack.
 *
 * @param named with the names of the errors' classes, which help in a log and not in a sentence for an operator
 */
export function describeError(error: unknown, named = true): string {
  const parts: string[] = [];
  for (let e = error; e !== undefined && e !== null && parts.length < 5;) {
    const text = e instanceof Error
      ? `${named && e.name !== "Error" ? e.name + ": " : ""}${e.message}`
      : String(e);
    if (!parts.includes(text)) parts.push(text);
    e = e instanceof Error ? e.cause : undefined;
  }
  return parts.join(": ").replaceAll(/\s*\n\s*/g, " ");
}

function plain(key: string, value: unknown): unknown {
  if (SECRET.test(key) && value !== null && value !== undefined) return "[secret]";
  if (value instanceof Error) return describeError(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string" && value.length > MAX_TEXT) return value.slice(0, MAX_TEXT) + "…";
  return value;
}

/** The record as one JSON line, secrets left out and control characters escaped. */
export function formatJson(entry: LogEntry): string {
  const { time, level, role, pid, message, fields } = entry;
  return escapeControls(JSON.stringify({ time, level, role, pid, message, fields }, plain));
}

/**
 * The record as one line for people: time, level, role, pid, message, `key=value`; with nothing in it that a
 * terminal would act on.
 */
export function formatText(entry: LogEntry): string {
  const fields = Object.entries(entry.fields).map(([key, value]) => {
    const safe = plain(key, value);
    const text = typeof safe === "string" ? safe : JSON.stringify(safe, plain) ?? "undefined";
    return `${quoted(key)}=${quoted(text)}`;
  });
  const head = `${entry.time} ${entry.level.padEnd(5)} ${entry.role}[${entry.pid}]`;
  return escapeControls([head, clip(entry.message, MAX_TEXT), ...fields].join(" "));
}

/** A word as it is, and in quotes what could be taken for several. */
function quoted(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** Options of {@linkcode setupLogging}. */
export interface LoggingOptions {
  role: string;
  pid: number;
  level: LogLevelOption;
  format: LogFormat;
  /** Receives each finished line, without its line end. */
  write: (line: string) => void;
}

class LineHandler extends BaseHandler {
  constructor(readonly options: LoggingOptions) {
    super("DEBUG", { formatter: (record) => formatRecord(record, options) });
  }
  log(line: string): void {
    this.options.write(line);
  }
}

function formatRecord(record: LogRecord, options: LoggingOptions): string {
  const entry: LogEntry = {
    time: record.datetime.toISOString(),
    level: record.levelName,
    role: options.role,
    pid: options.pid,
    message: record.msg,
    fields: (record.args[0] ?? {}) as Fields,
  };
  return options.format === "json" ? formatJson(entry) : formatText(entry);
}

/** Configures `@std/log` for this process and returns its logger. */
export function setupLogging(options: LoggingOptions): Log {
  const level = options.level.toUpperCase() as LevelName;
  setup({
    handlers: { lines: new LineHandler(options) },
    loggers: { [options.role]: { level, handlers: ["lines"] } },
  });
  return getLogger(options.role);
}

/** Whether a record of that level is to be printed at that setting. */
export function passes(level: string, setting: LogLevelOption): boolean {
  const number = LogLevels[level as LevelName] ?? LogLevels.INFO;
  return number >= LogLevels[setting.toUpperCase() as LevelName];
}
