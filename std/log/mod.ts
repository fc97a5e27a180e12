/**
 * The part of `@std/log`'s interface that this project uses, for places that install from the npm
 * registry alone. `deno.json` maps the import to this folder through `links`; without `links` the
 * original from JSR takes its place with no other change. `tests/std/` holds what is declared here to the original's
 * declarations.
 *
 * @module
 */

/** Names of levels, least severe first. */
export type LevelName = "NOTSET" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "CRITICAL";

/** Numbers of levels; a record passes where its number is at least the logger's and handler's. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** A level as a number. */
export type LogLevel = typeof LogLevels[LevelName];

/** One logged line, as handlers and formatters see it. */
export class LogRecord {
  readonly msg: string;
  readonly args: unknown[];
  readonly datetime: Date;
  readonly level: number;
  readonly levelName: string;
  readonly loggerName: string;

  constructor(options: { msg: string; args: unknown[]; level: LogLevel; loggerName: string }) {
    this.msg = options.msg;
    this.args = [...options.args];
    this.datetime = new Date();
    this.level = options.level;
    this.levelName = levelName(options.level);
    this.loggerName = options.loggerName;
  }
}

function levelName(level: number): LevelName {
  for (const [name, number] of Object.entries(LogLevels)) {
    if (number === level) return name as LevelName;
  }
  return "NOTSET";
}

/** Options of a handler. */
export interface BaseHandlerOptions {
  /** Turns a record into a line. */
  formatter?: (record: LogRecord) => string;
}

/** Where records go: subclasses implement `log`. */
export abstract class BaseHandler {
  readonly level: LogLevel;
  readonly levelName: LevelName;
  readonly formatter: (record: LogRecord) => string;

  constructor(name: LevelName, options: BaseHandlerOptions = {}) {
    this.levelName = name;
    this.level = LogLevels[name];
    this.formatter = options.formatter ?? ((record) => `${record.levelName} ${record.msg}`);
  }

  /** Passes a record of sufficient level, formatted, to `log`. */
  handle(record: LogRecord): void {
    if (record.level >= this.level) this.log(this.format(record));
  }

  /** The record as a line. */
  format(record: LogRecord): string {
    return this.formatter(record);
  }

  /** Writes one formatted line. */
  abstract log(msg: string): void;
  /** Called when the handler is set up. */
  setup(): void {}
  /** Called when the handler is replaced. */
  destroy(): void {}
  /** The same as `destroy`. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** What code logs with. */
export class Logger {
  readonly loggerName: string;
  readonly handlers: BaseHandler[];
  readonly level: LogLevel;

  constructor(loggerName: string, level: LevelName, options: { handlers?: BaseHandler[] } = {}) {
    this.loggerName = loggerName;
    this.level = LogLevels[level];
    this.handlers = options.handlers ?? [];
  }

  debug(msg: string, ...args: unknown[]): string {
    return write(this, LogLevels.DEBUG, msg, args);
  }
  info(msg: string, ...args: unknown[]): string {
    return write(this, LogLevels.INFO, msg, args);
  }
  warn(msg: string, ...args: unknown[]): string {
    return write(this, LogLevels.WARN, msg, args);
  }
  error(msg: string, ...args: unknown[]): string {
    return write(this, LogLevels.ERROR, msg, args);
  }
}

function write(logger: Logger, level: LogLevel, msg: string, args: unknown[]): string {
  if (level < logger.level) return msg;
  const record = new LogRecord({ msg, args, level, loggerName: logger.loggerName });
  for (const handler of logger.handlers) handler.handle(record);
  return msg;
}

/** What `setup` takes. */
export interface LogConfig {
  handlers?: Record<string, BaseHandler>;
  loggers?: Record<string, { level?: LevelName; handlers?: string[] }>;
}

const loggers = new Map<string, Logger>();
let handlers: BaseHandler[] = [];

/** Replaces all loggers and handlers with those of `config`. */
export function setup(config: LogConfig): void {
  for (const handler of handlers) handler.destroy();
  loggers.clear();
  const byName = config.handlers ?? {};
  handlers = Object.values(byName);
  for (const handler of handlers) handler.setup();
  for (const [name, logger] of Object.entries(config.loggers ?? {})) {
    const own = (logger.handlers ?? []).flatMap((key) => byName[key] ?? []);
    loggers.set(name, new Logger(name, logger.level ?? "INFO", { handlers: own }));
  }
}

/** The logger of that name; one that was not set up drops everything. */
export function getLogger(name: string): Logger {
  let logger = loggers.get(name);
  if (!logger) loggers.set(name, logger = new Logger(name, "NOTSET", { handlers: [] }));
  return logger;
}
