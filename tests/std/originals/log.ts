/**
 * What `@std/log` 0.224.14, the last of it, declares of what is used here, without its
 * private members. Nothing of it runs.
 *
 * Source: https://jsr.io/@std/log/0.224.14
 *
 * @module
 */
/** Numbers of levels. */
export declare const LogLevels: {
  readonly NOTSET: 0;
  readonly DEBUG: 10;
  readonly INFO: 20;
  readonly WARN: 30;
  readonly ERROR: 40;
  readonly CRITICAL: 50;
};
/** Names of levels. */
export type LevelName = keyof typeof LogLevels;
/** A level as a number. */
export type LogLevel = typeof LogLevels[LevelName];

/** One logged line; `args` and `datetime` are copies. */
export declare class LogRecord {
  readonly msg: string;
  readonly level: number;
  readonly levelName: string;
  readonly loggerName: string;
  constructor(options: { msg: string; args: unknown[]; level: LogLevel; loggerName: string });
  get args(): unknown[];
  get datetime(): Date;
}

/** Options of a handler. */
export interface BaseHandlerOptions {
  formatter?: (record: LogRecord) => string;
}

/** Where records go. */
export declare abstract class BaseHandler {
  formatter: (record: LogRecord) => string;
  constructor(levelName: LevelName, options?: BaseHandlerOptions);
  get level(): LogLevel;
  set level(level: LogLevel);
  get levelName(): LevelName;
  set levelName(name: LevelName);
  handle(record: LogRecord): void;
  format(record: LogRecord): string;
  abstract log(msg: string): void;
  setup(): void;
  destroy(): void;
  [Symbol.dispose](): void;
}

/** A function, which is called only where its message is logged. */
// deno-lint-ignore no-explicit-any -- as the original says
type Lazy = (...args: any[]) => any;

/** A message, or a function that makes one; what it returns is the message. */
interface Write {
  <T>(msg: () => T, ...args: unknown[]): T | undefined;
  <T>(msg: T extends Lazy ? never : T, ...args: unknown[]): T;
}

/** What code logs with. */
export declare class Logger {
  handlers: BaseHandler[];
  constructor(loggerName: string, levelName: LevelName, options?: { handlers?: BaseHandler[] });
  get level(): LogLevel;
  set level(level: LogLevel);
  get levelName(): LevelName;
  set levelName(name: LevelName);
  get loggerName(): string;
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  critical: Write;
}

/** A logger of `setup`. */
export declare class LoggerConfig {
  level?: LevelName;
  handlers?: string[];
}

/** What `setup` takes. */
export interface LogConfig {
  handlers?: { [name: string]: BaseHandler };
  loggers?: { [name: string]: LoggerConfig };
}

/** Replaces all loggers and handlers. */
export declare function setup(config: LogConfig): void;
/** The logger of that name. */
export declare function getLogger(name?: string): Logger;
