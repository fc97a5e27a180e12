/** A logger that keeps what it is told. @module */
import type { Fields, Log } from "../../lib/base/log.ts";

/** One kept record. */
export interface Recorded {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  fields: Fields;
}

/** Keeps all records in order. */
export class LogRecorder implements Log {
  readonly records: Recorded[] = [];
  debug = (message: string, fields: Fields = {}) => this.#add("debug", message, fields);
  info = (message: string, fields: Fields = {}) => this.#add("info", message, fields);
  warn = (message: string, fields: Fields = {}) => this.#add("warn", message, fields);
  error = (message: string, fields: Fields = {}) => this.#add("error", message, fields);

  /** Records of a level. */
  at(level: Recorded["level"]): Recorded[] {
    return this.records.filter((record) => record.level === level);
  }
  #add(level: Recorded["level"], message: string, fields: Fields): void {
    this.records.push({ level, message, fields });
  }
}
