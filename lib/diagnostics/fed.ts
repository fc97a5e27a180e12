/**
 * What the supervisor has told this process: the last log records of every process of the node,
 * what each may do, and the configuration that is in force. In memory only; the supervisor tells it again after a restart.
 *
 * @module
 */
import type { z } from "zod";
import { parseJson } from "../base/json.ts";
import type { EffectiveRow } from "../config/effective_rows.ts";
import { Ring } from "../base/ring.ts";
import {
  type LogRecord,
  MAX_RECORDS,
  pageFeedMessageSchema,
  type permissionRowSchema,
} from "../state/page_feed.ts";
import { ROLE_NAMES } from "../state/records.ts";

/** Processes that log, whether or not they run. */
const LOGGING = ["supervisor", "lab", ...ROLE_NAMES] as const;

/** The receiving end of `page_feed.ts`. */
export class Fed {
  readonly #records = new Map<string, Ring<LogRecord>>();
  #permissions: Readonly<Record<string, z.infer<typeof permissionRowSchema>>> = {};
  #configuration: readonly EffectiveRow[] = [];

  /** Takes a line; one of another shape is ignored. */
  take(line: string): void {
    const parsed = pageFeedMessageSchema.safeParse(parseJson(line));
    if (!parsed.success) return;
    if ("permissions" in parsed.data) {
      this.#permissions = parsed.data.permissions;
      return;
    }
    if ("configuration" in parsed.data) {
      this.#configuration = parsed.data.configuration;
      return;
    }
    const record = parsed.data.log;
    if (!(LOGGING as readonly string[]).includes(record.role)) return;
    let ring = this.#records.get(record.role);
    if (!ring) this.#records.set(record.role, ring = new Ring(MAX_RECORDS));
    ring.push(record);
  }

  /** The last records of a process, newest last. */
  log(role: string): readonly LogRecord[] {
    return [...this.#records.get(role) ?? []];
  }

  /** Every option with its value and where that comes from; empty: not told. */
  configuration(): readonly EffectiveRow[] {
    return this.#configuration;
  }

  /** What a process may do; null: not told. */
  permissions(role: string): z.infer<typeof permissionRowSchema> | null {
    return Object.hasOwn(this.#permissions, role) ? this.#permissions[role]! : null;
  }
}
