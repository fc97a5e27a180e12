/** The effective configuration as it may be shown: every value and where it comes from, and no secret. Pure. @module */
import { z } from "zod";
import { clip } from "../base/clip.ts";
import type { EffectiveValue } from "./values.ts";

const MAX_VALUE_CHARS = 500;

/** One option. */
export const effectiveRowSchema = z.object({
  name: z.string(),
  /** As it is written; "(set)" of a secret; null: not set. */
  value: z.string().nullable(),
  /** Such as `--election-ttl`, `neutron.conf [calico] …` or `default`. */
  source: z.string(),
  unit: z.string().nullable(),
  help: z.string(),
});
export type EffectiveRow = z.infer<typeof effectiveRowSchema>;

/** The value of an option as it may be shown, in full; null: not set. */
export function shownValue(
  { option, value }: Pick<EffectiveValue, "option" | "value">,
): string | null {
  if (value === null) return null;
  return option.secret ? "(set)" : value;
}

/** Whether somebody has given it. */
export function isGiven({ source }: Pick<EffectiveRow, "source">): boolean {
  return source !== "default" && source !== "lab";
}

/** All options, with values of bounded length. */
export function effectiveRows(effective: readonly EffectiveValue[]): EffectiveRow[] {
  return effective.map((each) => {
    const { option: { name, unit = null, help }, source } = each;
    const value = shownValue(each);
    const shown = value === null ? null : clip(value, MAX_VALUE_CHARS);
    return { name, value: shown, source: clip(source, MAX_VALUE_CHARS), unit, help };
  });
}
