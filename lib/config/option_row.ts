/** A row of the table of options. @module */
import type { Kind } from "./kinds.ts";

/** One row of the table. */
export interface OptionRow<Value = unknown, Unset extends boolean = boolean> {
  readonly kind: Kind<Value>;
  readonly help: string;
  /** Default as it would be written, or null: unset, or told by the machine. */
  readonly fallback: string | null;
  /** Whether the option has no value when none is given. */
  readonly unset: Unset;
  /** Unit, for people. */
  readonly unit?: string;
  /** Environment names besides our own, most specific first. */
  readonly env?: readonly string[];
  /** Places in oslo INI files, `section.key`, first found wins. */
  readonly ini?: readonly string[];
  /** Settings of a cloud in `clouds.yaml`; once a cloud is named, it alone counts for such an option. */
  readonly clouds?: readonly string[];
  /** Never printed, and never taken from the command line. */
  readonly secret?: true;
  /** A setting of a real cloud: giving it turns the lab off. */
  readonly cloud?: true;
}

/** What a row may say beside that. */
export type Extra = Pick<OptionRow, "unit" | "env" | "ini" | "clouds" | "secret" | "cloud">;

/** A row with a default; null: it depends on the machine or on other options, see `complete.ts`. */
export function row<Value>(
  kind: Kind<Value>,
  fallback: string | null,
  help: string,
  extra: Extra = {},
): OptionRow<Value, false> {
  return { kind, fallback, help, unset: false, ...extra };
}

/** A row that may stay unset. */
export function optional<Value>(
  kind: Kind<Value>,
  help: string,
  extra: Extra = {},
): OptionRow<Value, true> {
  return { ...row(kind, null, help, extra), unset: true };
}
