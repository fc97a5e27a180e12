/** Text cut to a length, for records and pages that must stay small. Pure. @module */
import { escapeControls } from "./escape_controls.ts";

/** White space that ends a line or moves the cursor. */
const BREAKS = /[\t\n\v\f\r\u2028\u2029]+/g;

/**
 * At most `max` characters in one line, the cut marked. Breaks of lines become spaces; what else would be acted
 * on instead of shown is escaped.
 */
export function clip(text: string, max: number): string {
  // Half of a pair where it is cut is no fault of the text.
  const head = text.slice(0, max + 1);
  const whole = head.length === text.length;
  const line = escapeControls((whole ? head : head.replace(HALF, "")).replace(BREAKS, " "));
  return whole && line.length <= max ? line : line.slice(0, max - 1).replace(HALF, "") + "…";
}

/** The first half of a surrogate pair, at the end. */
const HALF = /[\ud800-\udbff]$/;
